"""Derivations: the gradient of any network by the chain rule, every line made by a rule and checked."""

from chainrule.derivation.activation import activation
from chainrule.derivation.derive import derive
from chainrule.derivation.steps import Derivation, SampleNumbers, Shape, Step

__all__ = ["Derivation", "SampleNumbers", "Shape", "Step", "activation", "derive"]
