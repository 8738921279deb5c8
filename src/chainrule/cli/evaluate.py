"""The command ``chainrule evaluate``."""
