"""What is said of a rule where the story has nothing more exact to say."""

from __future__ import annotations

SMALL = ("constant factor", "a variable by itself", "constant")


# Not named in the short form where a line has other rules too.
PLAIN = (
    *(
        "definition",
        "a name",
        "the name δ",
        "from above",
        "δ put in",
        "tidied",
        "cancelled",
        "multiplied out",
        "counted",
    ),
    *("constant factor", "a variable by itself", "sum rule", "sum rule, under Σ", "a sum of sums", "one case"),
    *("case of equal indices", "case of different indices", "two cases", "beside a delta", "common factor in front"),
    *("definition, read backwards", "multiplied out and gathered", "samples put together"),
)


WORDS = {
    "constant": "What does not depend on the variable has the derivative 0.",
    "a variable by itself": "A variable changes with itself at the rate 1, and not at all with another one.",
    "sum rule": "A sum is differentiated term by term; terms without the variable drop out.",
    "sum rule, under Σ": "The derivative of a sum is the sum of the derivatives.",
    "constant factor": "Factors without the variable stay in front.",
    "product rule": "Each factor in turn is differentiated while the others stay.",
    "quotient rule": "Top and bottom both enter: (u/v)' = (u' v − u v')/v².",
    "power rule": "The exponent comes down and is reduced by one; then the inside is differentiated.",
    "power with the variable above": "The variable stands in the exponent: u^v is e^(v log u).",
    "chain rule, exponential": "The exponential is its own derivative; times the derivative of its exponent.",
    "chain rule, logarithm": "The derivative of log u is 1/u, times the derivative of u.",
    "chain rule": "The outer function is differentiated at the inner one, times the derivative of the inner one.",
    "piece by piece": "Each piece is differentiated where it holds.",
}
