"""The command ``chainrule predict``."""
