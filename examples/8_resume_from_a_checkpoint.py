"""A long training that is stopped on the way: it goes on from its checkpoint and ends with the same bits.

The checkpoint holds everything: weights, the solver's memory, the order of the rows, the schedule, the history.
"""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import chainrule as cr

X, digits = load_digits(return_X_y=True)
X = X / 16
net = cr.Network("64-32 relu-10")
checkpoint = Path(tempfile.mkdtemp()) / "digits.checkpoint"
options = {"solver": "adam", "batch_size": 64, "epochs": 30, "scheme": "he", "schedule": "cosine", "seed": 0}


def stop_at_12(record, weights):
    """A power cut, played by a callback; Ctrl-C and kill -9 are borne as well."""
    return record.epoch == 12


half = cr.train(net, X, digits, **options, checkpoint=checkpoint, checkpoint_every=5, callbacks=[stop_at_12])
print("Stopped:", half.outcome, f"Epoch {half.history[-1].epoch}, J {half.history[-1].J:.2f}")

# The same call with resume=True goes on from there; without a checkpoint it would start anew.
resumed = cr.train(net, X, digits, **options, checkpoint=checkpoint, resume=True)
print("Resumed:", resumed.outcome, f"Epoch {resumed.history[-1].epoch}, J {resumed.history[-1].J:.2f}")

uninterrupted = cr.train(net, X, digits, **options)
print("Same bits as without the stop:", np.array_equal(resumed.weights.flat, uninterrupted.weights.flat))

assert half.history[-1].epoch == 12
assert np.array_equal(resumed.weights.flat, uninterrupted.weights.flat)
