"""The story of a derivation: which rule acts where, in which order, and why in words."""
