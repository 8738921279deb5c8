"""The command ``chainrule demo``."""
