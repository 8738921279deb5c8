"""Model files: data only, checked to the last bit."""

from chainrule.files.model import load, save

__all__ = ["load", "save"]
