"""The functions that a script writes out itself: stable, and open to the complex step.

Comparisons, ``maximum`` and ``minimum`` of complex numbers go by the real part in NumPy, as they should here.
"""

from __future__ import annotations

_TEXTS = {
    "absolute": '''
def absolute(a):
    """|a|, with the complex step's part kept: -a to the left of 0, a to the right."""
    return np.where(a < 0, -a, a)
''',
    "sign": '''
def sign(a):
    """-1, 0 or 1."""
    return np.sign(a.real)
''',
    "sigmoid": '''
def sigmoid(a):
    """1 / (1 + exp(-a)), without overflow on either side."""
    e = np.exp(np.where(a > 0, -a, a))  # in (0, 1]
    return np.where(a > 0, 1, e) / (1 + e)
''',
    "softplus": '''
def softplus(a):
    """log(1 + exp(a)), without overflow."""
    return np.maximum(a, 0) + np.log1p(np.exp(np.where(a > 0, -a, a)))
''',
    "log_sigmoid": '''
def log_sigmoid(a):
    """The logarithm of sigmoid(a), exact where that is close to 0."""
    return -softplus(-a)
''',
    "log_softmax": '''
def log_softmax(a):
    """a minus the log of the sum of exp(a) in each row; shifted: no overflow."""
    shifted = a - a.real.max(axis=1, keepdims=True)  # (N, K)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (N, K)
''',
    "softmax": '''
def softmax(a):
    """exp(a) over the sum of exp(a) in each row."""
    return np.exp(log_softmax(a))  # (N, K)
''',
    "erf": '''
def erf(a):
    """The error function. Its derivative carries the complex step."""
    value = np.vectorize(math.erf, otypes=[float])(a.real)
    slope = 2 / math.sqrt(math.pi) * np.exp(-(a.real**2))
    return value + slope * (a - a.real)
''',
    "erfc": '''
def erfc(a):
    """1 - erf(a), exact in the tail. Its derivative carries the complex step."""
    value = np.vectorize(math.erfc, otypes=[float])(a.real)
    slope = -2 / math.sqrt(math.pi) * np.exp(-(a.real**2))
    return value + slope * (a - a.real)
''',
    "log_gamma": '''
def log_gamma(t):
    """The logarithm of the gamma function: log_gamma(t + 1) is log t!."""
    return np.vectorize(math.lgamma, otypes=[float])(t)
''',
}
_NEEDS = {"log_sigmoid": {"softplus"}, "softmax": {"log_softmax"}}
USES_MATH = frozenset({"erf", "erfc", "log_gamma"})


def written_out(names: set[str]) -> tuple[list[str], set[str]]:
    """The definitions of these functions and of what they call, and all their names."""
    wanted = {"absolute" if name == "abs" else name for name in names}
    for name in tuple(wanted):
        wanted |= _NEEDS.get(name, set())
    return [text.strip() for name, text in _TEXTS.items() if name in wanted], wanted
