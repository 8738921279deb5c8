"""scikit-learn's estimators: its names, parameters and attributes, and what its users have asked for."""

from chainrule.estimators.classifier import MLPClassifier
from chainrule.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
