"""The command ``chainrule train``."""
