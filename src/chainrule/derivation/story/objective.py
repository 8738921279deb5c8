"""The objective: the likelihood, its logarithm, and the share of one sample."""

from __future__ import annotations

from chainrule.derivation.expression import (
    BigProduct,
    Expression,
    Function,
    Symbol,
)
from chainrule.derivation.rules.sums import LOG_OF_POWER, LOG_OF_PRODUCT
from chainrule.derivation.story.code import objective_code, special_words
from chainrule.derivation.story.meanings import density
from chainrule.derivation.story.words import (
    counted,
    index_text,
    of,
)
from chainrule.derivation.story.writer import Writer
from chainrule.derivation.walk import put_in

_ONES = {"softmax": "categorical", "sigmoid": "Bernoulli", "identity": "Gaussian", "exp": "Poisson"}


def tell_objective(writer: Writer, *, descent: bool, mean: bool) -> None:
    """The chapter of the likelihood and its logarithm."""
    letters, net = writer.letters, writer.letters.net
    writer.chapter("The objective", "Training a neural network through backpropagation")
    n, k = letters.n, letters.index(net.L)
    J, Jn, P = letters.entry(("J", 0)), letters.entry(("Jn", 0)), letters.entry(("P", 0))
    writer.heading("The likelihood", "likelihood")
    writer.start(P)
    law = net.law
    one = {
        "softmax": f"t is 1 for the class of a sample and 0 for the {counted(net.K - 1, 'other')}; y^1 is y and y^0 "
        "is 1, so of a sample's factors only the probability of its own class counts",
        "sigmoid": "where t is 1 the factor is y, the probability of a 1; where t is 0 it is 1 − y, that of a 0",
        "identity": "the targets scatter around the outputs with variance 1",
        "exp": "t counts events, and y is how many are expected",
    }[law.name]
    writer.state(
        BigProduct(n, BigProduct(k, density(letters))),
        "definition",
        "P, written P(T | X) in full, is the probability of the targets T given the inputs X and the weights. Each "
        f"sample n and each output {index_text(k)} has one factor, of the {_ONES[law.name]} law: {one}. The samples "
        "are independent, so their probabilities multiply.",
        shapes=(letters.shape(("t", net.L)),),
    )
    sign = "−log P" if descent else "log P"
    share = f"{sign}, divided by the number of samples" if mean else sign
    writer.heading("Its logarithm", "objective")
    writer.start(J, f"{of(J)} is {share}: the logarithm turns products into sums and powers into factors.")
    log_P = Function("log", (P,))
    signed: Expression = -log_P if descent else log_P
    goal = "made as small as possible (descent)" if descent else "made as large as possible (ascent)"
    writer.state(
        signed / Symbol("N") if mean else signed,
        "definition",
        "The objective. The logarithm grows with P, so the best weights are the same; but it makes sums of "
        f"products, and sums are easier to differentiate and do not underflow. {of(J)} will be {goal}.",
    )
    likelihood = BigProduct(n, BigProduct(k, density(letters)))
    inserted = put_in(writer.line, P, likelihood)
    writer.state(inserted, "definition", "P put in.")
    writer.apply(
        LOG_OF_PRODUCT,
        "The logarithm of a product is the sum of the logarithms, over n and over the outputs.",
        repeat=True,
    )
    if writer.fits(LOG_OF_POWER):
        words = "The logarithm of a power: the exponent comes down"
        if net.law.name in ("identity", "exp"):
            words += ", and that of an exponential is what stands above the e"
        writer.apply(LOG_OF_POWER, f"{words}.", repeat=True)
    writer.heading("One sample's share", "share")
    writer.start(Jn)
    share_body = writer.definitions.of(Jn)
    assert share_body is not None
    writer.state(
        share_body,
        "definition",
        f"The part of {of(J)} that belongs to sample n. Its outputs depend on row n of X alone, so the "
        "derivatives can be taken for one sample, and the samples are put together at each gradient.",
    )
    writer.start(J)
    total = writer.definitions.of(J)
    assert total is not None
    code = objective_code(letters, descent=descent, mean=mean)
    writer.state(
        total,
        "samples put together",
        f"{of(J)} is the {'mean' if mean else 'sum'} of these shares.{special_words(writer, code)}",
        code=code,
        result=True,
    )
    writer.end()
