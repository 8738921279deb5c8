"""J and its derivatives over any number of rows."""

from chainrule.kernels.objective import Objective, gradient, hessian_product, log_likelihood, outputs

__all__ = ["Objective", "gradient", "hessian_product", "log_likelihood", "outputs"]
