"""PyTorch on the CPU: nn.Sequential, torch.optim, tensors kept whole and batches taken by index (no DataLoader)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.cases import Case


def build(
    case: Case, X: np.ndarray, labels: np.ndarray, start: list, *, threads: int, compiled: bool
) -> Callable[[int], float]:
    """A function that runs so many more epochs and returns J (of the last batch, scaled, in a mini-batch run)."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    activation = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}[case.hidden]
    layers: list[nn.Module] = []
    for l, (w, b) in enumerate(start):
        layer = nn.Linear(*w.shape, dtype=getattr(torch, case.dtype))
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w.T.copy()))
            layer.bias.copy_(torch.from_numpy(b))
        layers += [layer, *([activation()] if l < len(start) - 1 else [])]
    model = nn.Sequential(*layers)
    full = case.batch is None
    loss_of = nn.CrossEntropyLoss(reduction="sum" if full else "mean")
    maker = torch.optim.SGD if case.solver == "ascent" else torch.optim.Adam
    optimizer = maker(model.parameters(), lr=case.learning_rate)
    inputs, targets = torch.from_numpy(X), torch.from_numpy(labels)
    rows = len(X)

    def loss_on(x, t):
        return loss_of(model(x), t)

    if compiled:
        loss_on = torch.compile(loss_on)

    def update(x, t):
        optimizer.zero_grad(set_to_none=True)
        loss = loss_on(x, t)
        loss.backward()
        optimizer.step()
        return loss

    def run(epochs: int) -> float:
        for _ in range(epochs):
            if full:
                loss = update(inputs, targets)
                continue
            order = torch.randperm(rows)
            for at in range(0, rows, case.batch):
                part = order[at : at + case.batch]
                loss = update(inputs[part], targets[part])
        return -loss.item() * (1 if full else rows)

    return run
