"""scikit-learn's callbacks, told of each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

from chainrule.estimators.rows import view

Array = npt.NDArray[Any]
OnEpoch = Callable[[int, Array], bool]


def epoch_hooks(model: Any, restarts: int, X: Any, y: Any, sample_weight: Array | None) -> list[OnEpoch | None]:
    """One hook a start, None where no callbacks are set; call it with 0 before the first epoch.

    The task tree is fit > epoch, with several starts fit > start > epoch. A callback that returns True at the end of
    an epoch stops that start.
    """
    if not hasattr(model, "_init_callback_context"):
        return [None] * restarts
    subtasks = model.max_iter if restarts == 1 else restarts
    root = model._init_callback_context(max_subtasks=subtasks, sequential_subtasks=True)
    if not getattr(model, "_skl_callbacks", None):
        return [None] * restarts
    metadata = None if sample_weight is None else {"sample_weight": sample_weight}
    data = {"estimator": model, "X": X, "y": y, "metadata": metadata}
    root.call_on_fit_task_begin(**data)
    if restarts == 1:
        return [_hook(root, model, data)]
    starts = [root.subcontext(task_name="start", max_subtasks=model.max_iter) for _ in range(restarts)]
    return [_hook(start, model, data) for start in starts]


def finished(model: Any, X: Any, y: Any) -> None:
    """Tell the callbacks that the fit is over."""
    context = getattr(model, "_callback_fit_ctx", None)
    if context is not None:
        fitted = {"coefs_": model.coefs_, "intercepts_": model.intercepts_}
        context.call_on_fit_task_end(estimator=model, X=X, y=y, reconstruction_attributes=fitted)


def _hook(parent: Any, model: Any, data: dict[str, Any]) -> OnEpoch:
    """The hook of one start: ends the task of this epoch and begins that of the next."""
    present: list[Any] = []

    def call(epoch: int, weights: Array) -> bool:
        def attributes() -> dict[str, Any]:
            changed = view(model, weights)
            return {"coefs_": changed.coefs_, "intercepts_": changed.intercepts_}

        stop = False
        if present:
            stop = bool(present.pop().call_on_fit_task_end(**data, reconstruction_attributes=attributes))
        if not stop and epoch < model.max_iter:
            task = parent.subcontext(task_name="epoch")
            task.call_on_fit_task_begin(**data, reconstruction_attributes=attributes)
            present.append(task)
        return stop

    return call
