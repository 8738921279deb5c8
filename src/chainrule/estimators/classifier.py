"""`MLPClassifier`: scikit-learn's, and more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from chainrule.errors import SettingError, listed
from chainrule.estimators.base import BaseMLP
from chainrule.estimators.compat import with_callbacks
from chainrule.estimators.hooks import finished
from chainrule.estimators.keeping import kept_on_failure
from chainrule.estimators.labels import Labelled
from chainrule.estimators.lazily import also_lazily
from chainrule.estimators.parameters import CONSTRAINTS, has_rate
from chainrule.estimators.rows import Rows

Array = npt.NDArray[Any]


class MLPClassifier(ClassifierMixin, Labelled, BaseMLP):
    """Classify rows by a feed-forward network: scikit-learn's MLPClassifier, and what its users have asked for.

    ``maximise J = sum_n weight_n log p(label_n given x_n) - alpha/2 sum of W²``

    Parameters up to ``max_fun`` are scikit-learn's, with its defaults and meanings; those after it change nothing
    where they are left out.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        Units of each hidden layer; ``()`` is logistic regression.
    activation : str or sequence of str
        "relu", "logistic" (or "sigmoid"), "tanh", "identity", "leaky_relu", "elu", "selu", "softplus", "swish", "gelu",
        "mish", or one of your own (`chainrule.activation`); one for all hidden layers, or one for each.
    solver : {"adam", "sgd", "lbfgs", "adamw", "ascent", "momentum", "nesterov", "newton"}
        "newton" finds maxima of small networks to all digits; see `chainrule.train`.
    alpha : float
        Precision of a Gaussian prior on the weights, from 0.
    batch_size : int or "auto"
        Rows of a mini-batch; "auto" is 200 or all.
    learning_rate : {"constant", "invscaling", "adaptive"}
        Schedule of "sgd".
    learning_rate_init : float
        Above 0.
    power_t : float
        Exponent of "invscaling".
    max_iter : int
        Epochs, or iterations of "lbfgs" and "newton".
    shuffle : bool
    random_state : int, RandomState or None
        First weights and held-out rows are those that scikit-learn draws from it; the order of the rows is our own.
    tol : float
        Improvement that counts; for "lbfgs" and "newton" the largest entry of the gradient that is left.
    verbose : bool, int or "bar"
        Print the loss of each epoch, or show a progress bar on standard error.
    warm_start : bool
        Go on where the last fit ended; two fits of 2 epochs give the same bits as one of 4.
    momentum, nesterovs_momentum
        Of "sgd", "momentum" and "nesterov".
    early_stopping : bool
        Hold rows out, stop when their score no longer improves, and keep the best weights.
    validation_fraction : float
    beta_1, beta_2, epsilon : float
        Of "adam" and "adamw".
    n_iter_no_change : int
        Epochs without an improvement of ``tol`` that are borne.
    max_fun : int
        Evaluations of the gradient allowed to "lbfgs".
    class_weight : "balanced", dict, list of dict or None
    output_law : {"softmax", "sigmoid"}, optional
        Left out: one sigmoid output for two classes, softmax for more, a sigmoid output for each of several labels.
    schedule : str or Schedule, optional
        "step", "cosine", "one-cycle", "invscaling", "adaptive" or a `Schedule`, for every solver with a rate.
    dropout : float or sequence of float
        Share of the hidden units left out in each update; or of the inputs and of each hidden layer.
    weight_decay : float
        Of "adamw".
    standardize : bool
        Give every input a mean of 0 and a spread of 1 first; kept in the model. ``partial_fit`` takes both from the
        rows of its first call.
    scoring : str or callable, optional
        What early stopping watches; accuracy where left out.
    multilabel : bool, optional
        What a table of zeros and ones is in which each row has exactly one 1. Left out, ``fit`` asks.
    restarts : int
        So many starts; the best is kept.
    time_limit : float, optional
        Seconds.
    n_jobs : int, optional
        Starts trained at the same time.

    Attributes
    ----------
    classes_ : array (C,)
    coefs_, intercepts_ : list of arrays
        W[l] and b[l], l = 1, 2, ...; float32 for float32 rows ("lbfgs" and "newton" compute in float64 and round at
        the end), else float64.
    loss_, loss_curve_, best_loss_, validation_scores_, best_validation_score_, n_iter_, t_, n_layers_, n_outputs_,
    out_activation_, n_features_in_, feature_names_in_
        As in scikit-learn.
    network_ : Network
    weights_ : Weights
    history_ : History
        J, validation J and score by epoch.
    outcome_ : Outcome
        How the training ended, with a sentence.
    restarts_ : tuple of Restart
    notes_ : tuple of str
        What was noticed in the data, and done about it.

    Source: the post, for networks of any size.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), "tanh", solver="lbfgs", standardize=True, random_state=0).fit(X, y)
    >>> model.network_
    Network('4-8 tanh-3 softmax')
    >>> bool(model.score(X, y) > 0.98)
    True
    """

    _parameter_constraints = {  # noqa: RUF012
        **CONSTRAINTS,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "multilabel": ["boolean", None],
    }
    loss = "log_loss"  # scikit-learn's classifier says so, too

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        class_weight: Any = None,
        output_law: str | None = None,
        schedule: Any = None,
        dropout: Any = 0.0,
        weight_decay: float = 0.01,
        standardize: bool = False,
        scoring: Any = None,
        multilabel: bool | None = None,
        restarts: int = 1,
        time_limit: float | None = None,
        n_jobs: int | None = None,
    ) -> None:
        given = locals()
        for name in self._get_param_names():
            setattr(self, name, given[name])

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPClassifier:
        """Train on these rows.

        Parameters
        ----------
        X : array, data frame or sparse matrix (N, D)
        y : array (N,) of labels, or (N, C) of zeros and ones for several labels a row
        sample_weight : array (N,), optional
            Not negative.
        X_val, y_val, sample_weight_val : optional
            Rows to watch instead of held-out ones; measured in every epoch.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        DataError
            Rows, labels or weights cannot be used; the message names row and column. It is a ValueError.
        DivergedFitError
            Training ran away. It is a ValueError and a `DivergedError`.
        KeyboardInterrupt
            Ctrl-C; the estimator then holds the best weights so far, and its ``outcome_`` is INTERRUPTED.

        After any other error the estimator is as it was before.
        """
        with kept_on_failure(self):
            self._fit(X, y, sample_weight, False, (X_val, y_val, sample_weight_val))
        finished(self, X, y)
        return self

    @available_if(has_rate)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        classes: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> MLPClassifier:
        """One epoch over these rows.

        With ``X_val`` and ``y_val`` the score of these is kept too; with ``early_stopping`` the ``outcome_`` is
        EARLY_STOPPED once it no longer improves, and the weights are then the best ones.

        Parameters
        ----------
        X, y, sample_weight, X_val, y_val, sample_weight_val
            As for ``fit``.
        classes : array (C,)
            All classes there will be; needed in the first call.

        Returns
        -------
        The estimator itself.
        """
        with kept_on_failure(self):
            self._see_classes(y, classes)
            self._fit(X, y, sample_weight, True, (X_val, y_val, sample_weight_val))
        return self

    @also_lazily
    def predict(self, X: Any) -> Any:
        """The most probable class of each row (N,); of several labels those above 1/2, as zeros and ones (N, C)."""
        A = self._preactivation(X)
        binarizer = self._label_binarizer
        if binarizer.y_type_.startswith("multilabel"):
            found = (A > 0).astype(int)
            return binarizer.inverse_transform(found) if binarizer.sparse_input_ else found
        if A.shape[1] == 1:
            return self.classes_[(A[:, 0] > 0).astype(np.intp) if len(self.classes_) > 1 else np.zeros(len(A), np.intp)]
        return self.classes_[A.argmax(axis=1)]

    @also_lazily
    def predict_proba(self, X: Any) -> Array:
        """Probability of each class (N, C), in the order of ``classes_``; of one class a column of ones."""
        Y = self._outputs(X)
        if Y.shape[1] > 1 or self._label_binarizer.y_type_.startswith("multilabel"):
            return Y
        if len(self.classes_) == 1:
            return np.ones_like(Y)
        return np.hstack([1 - Y, Y])

    @also_lazily
    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):
            found: Array = np.log(self.predict_proba(X))
        return found

    def _law(self) -> str:
        several = self._label_binarizer.y_type_.startswith("multilabel")
        allowed = ("sigmoid",) if several else ("softmax",) if len(self.classes_) > 2 else ("sigmoid", "softmax")
        if self.output_law is None:
            return allowed[0]
        if self.output_law not in allowed:
            what = "several labels a row" if several else f"{len(self.classes_)} classes"
            raise SettingError(f"output_law must be {listed(allowed)} for {what}, not {self.output_law!r}.")
        return self.output_law

    def _figure(self, T: Array, Y: Array, weight: Array | None) -> float:
        if self.network_.law.name == "softmax":
            right = Y.argmax(axis=1) == T.argmax(axis=1)
        else:
            right = ((Y > 0.5) == (T > 0.5)).all(axis=1)
        return float(np.average(right, weights=weight))

    def _strata(self, T: Array) -> Array | None:
        return T.astype(bool) if self.n_outputs_ == 1 else None

    def _noticed(self, data: Rows) -> list[str]:
        found = super()._noticed(data)
        if len(self.classes_) == 1:
            found.append(f"All labels are of one class, {self.classes_[0]!s}: it is predicted with certainty.")
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
