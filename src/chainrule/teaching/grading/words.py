"""What a mistake is called, and what is said of it. The names are a contract; the page of the docs shows this table."""

from __future__ import annotations

MISTAKES = {
    "sign": "The sign is the other one: what should go up goes down.",
    "factor": "Everything is multiplied by a constant, such as 1/N for the mean in place of the sum.",
    "transposed": "A matrix is transposed, or is not where it should be: rows and columns are exchanged.",
    "missing-slope": "The slope dz/da of the activation is missing: the chain rule goes through every function.",
    "extra-slope": "The slope of the activation is multiplied in twice.",
    "slope-at-z": "The slope's formula takes a, and received z: the activation is applied once too often.",
    "slope-at-a": "The slope's formula takes z, and received the pre-activation a.",
    "wrong-slope": "The slope belongs to another function.",
    "missing-one-minus-z": "The factor (1 − z) of the slope z (1 − z) is missing.",
    "missing-z": "The factor z of the slope z (1 − z) is missing.",
    "output-slope": "The slope of the output law is multiplied in again, though it is in t − y already.",
    "missing-output-slope": "The derivative goes as far as dJ/dy and stops: the step from y to a is missing.",
    "softmax-diagonal": "Only the diagonal of the softmax's Jacobian is used: y_k depends on every a_k'.",
    "softmax-jacobian": "The softmax's Jacobian has y_k' (δ − y_k') where it must have y_k' (δ − y_k).",
    "wrong-law": "It belongs to another output law or another cost.",
    "wrong-layer": "An array of another layer is used.",
    "wrong-activation": "The hidden layer uses another activation.",
    "missing-activation": "The pre-activation stands where the output of its function should.",
    "extra-activation": "A function is applied twice.",
    "missing-bias": "The bias is not added.",
    "missing-weights": "The error is sent back without being multiplied by the weights.",
    "missing-input": "The factor below the weights, z or x, is missing.",
    "missing-y": "The output y is missing from t − y.",
    "missing-t": "The target t is missing.",
    "bias-not-summed": "The gradient of a bias is a sum over the samples, and this is none.",
    "missing-sum-over-k": "The sum over the units above is missing: a hidden unit acts on all of them.",
    "missing-sum-over-n": "The sum over the samples is missing.",
    "updated-weights": "The weights above were updated first: every gradient must use the weights before the step.",
    "softmax-axis": "The softmax is taken over the wrong axis: each row must add up to 1.",
    "missing-normalisation": "The exponentials are not divided by their sum.",
    "unshifted-softmax": "exp overflows where logits are large: subtract each row's largest first.",
    "overflow": "exp overflows where logits are large.",
    "missing-log": "The logarithm is missing.",
    "not-summed": "A cost is one number: the sum over samples and outputs is missing.",
    "missing-function": "The function is not there.",
    "not-callable": "The function cannot be called with what it needs.",
    "crash": "The function raises an exception.",
    "endless": "The function does not come to an end in time.",
    "ends-process": "The function ends the whole process.",
    "no-result": "The function returns no numbers.",
    "not-finite": "The result holds NaN or infinite numbers.",
    "complex": "The result holds complex numbers.",
    "wrong-shape": "The result has another shape than asked for.",
    "syntax": "Python cannot read it.",
    "undefined-name": "A name is used that nothing defines.",
    "updates-other": "The training loop adds a gradient to other weights than its own.",
}

_FACTORS = {
    "1/N": "the mean over the N samples stands where their sum is asked for",
    "N": "the sum over the N samples stands where their mean is asked for",
    "2": "it is doubled, as where a square is differentiated",
    "1/2": "it is halved",
    "1/K": "it is divided by the number of outputs K",
    "K": "it is multiplied by the number of outputs K",
    "2/N": "it is 2/N times the sum, as from the mean of squares",
    "1/(2 N)": "it is 1/(2 N) times the sum",
    "1/(N K)": "it is the mean over samples and outputs, the sum over N K",
    "2/(N K)": "it is 2/(N K) times the sum, as from a mean of squares over all entries",
    "1/ln 2": "the logarithm is to the base 2",
    "1/ln 10": "the logarithm is to the base 10",
}


def sentence(name: str, did: str = "") -> str:
    """What is wrong, in one sentence, with what was done instead where that says more."""
    return f"{MISTAKES[name][:-1]}; here: {did}." if did else MISTAKES[name]


def factor_sentence(words: str) -> str:
    """What a constant factor comes from."""
    return f"It is {words} times what it should be: {_FACTORS.get(words, 'a constant factor is wrong')}."
