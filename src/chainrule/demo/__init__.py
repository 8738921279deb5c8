"""The post's experiment, end to end, and what its published figures say."""
