"""The mutations are made from the operations of the program, and each changes something."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Network
from chainrule.program.operations import Program
from chainrule.teaching.grading.diagnose import Evaluator, explain
from chainrule.teaching.grading.mutations import backward_mutations, forward_mutations
from chainrule.teaching.grading.problems import FROM_KINKS, problems
from chainrule.teaching.grading.tolerance import agrees, is_something
from chainrule.teaching.grading.words import MISTAKES

NETWORKS = ("2-3-3", "3-4 tanh-1", "3-5 relu-4 gelu-2 identity", "4-2 exp", "3-4 softplus-2 mish-2 exp")


@pytest.mark.parametrize("notation", NETWORKS)
def test_every_mutation_replaces_an_operation_of_the_program_and_has_a_name_of_the_table(notation):
    program = Program.of(Network(notation))
    targets = {operation.target for operation in program}
    for mutation in (*backward_mutations(program), *forward_mutations(program)):
        assert mutation.target in targets
        assert {target for target, _ in mutation.sources} <= targets
        assert mutation.name in MISTAKES
        assert mutation.words


@pytest.mark.parametrize("notation", NETWORKS)
def test_every_mutation_can_be_evaluated_where_all_sizes_are_equal(notation):
    net = Network(notation)
    square = next(p for p in problems(net, 0) if p.name == "square")
    for mutation in (*backward_mutations(square.program), *forward_mutations(square.program)):
        if "W2" in dict(mutation.sources).get("A1", "") or net.K == 1:
            continue
        made = Evaluator(mutation.target, with_forward=mutation.is_forward)(square, dict(mutation.sources), 0.1)
        assert made is not None, mutation
        assert np.isfinite(made).all() or "log" in mutation.words, mutation


@pytest.mark.parametrize("notation", NETWORKS)
def test_what_a_mutation_gives_is_explained_by_its_own_name_or_is_the_truth(notation):
    net = Network(notation)
    cases = [p for p in problems(net, 3) if p.name in ("sizes", "given", "again", "small")]
    backward = backward_mutations(cases[0].program)
    for mutation in backward:
        for name in (f"d{n}" for n in net.names):
            evaluate = Evaluator(name, with_forward=False)
            made = [(p, evaluate(p, dict(mutation.sources), 0.1)) for p in cases]
            if any(a is None or not np.isfinite(a).all() for _, a in made):
                continue
            if all(agrees(a, p.truth[name]) for p, a in made):
                continue
            found = explain(made, evaluate, backward, lambda p: 1.0)
            if found is None:
                assert not any(is_something(a) for _, a in made) or sum(a.size for _, a in made) < 6, mutation
                continue
            assert found.size == 1, (mutation, found.names)
            if mutation.name not in found.names:
                again = evaluate(cases[0], dict(pair for m in found.mutations for pair in m.sources))
                assert np.allclose(abs(again / made[0][1]), abs(again / made[0][1]).flat[0]), (mutation, found.names)


def test_the_problems_differ_in_every_size_and_one_has_a_single_sample():
    by_name = {p.name: p for p in problems(Network("2-3-3"), 0)}
    assert set(by_name) == {"given", "sizes", "square", "again", "single", "small", "large"}
    sizes = by_name["sizes"]
    assert len({sizes.N, *sizes.net.M}) == 4
    assert by_name["single"].N == 1
    assert len({by_name["square"].N, *by_name["square"].net.M}) == 1
    assert by_name["large"].truth["A2"].max() > 710
    assert np.isfinite(by_name["large"].truth["Y"]).all()


def test_the_problems_keep_away_from_kinks():
    for problem in problems(Network("3-6 relu-5 leaky_relu-2"), 1):
        if problem.name != "large":
            assert min(np.abs(problem.truth[f"A{l}"]).min() for l in (1, 2)) >= FROM_KINKS


def test_a_mistake_made_in_every_layer_is_one_mistake():
    program = Program.of(Network("3-4 tanh-4 tanh-4 tanh-2"))
    everywhere = [m for m in backward_mutations(program) if m.words.endswith("in every layer")]
    assert {m.name for m in everywhere} >= {"missing-slope", "extra-slope", "transposed", "missing-sum-over-k"}
    slopes = next(m for m in everywhere if m.name == "missing-slope")
    assert {target for target, _ in slopes.sources} == {"slope1", "slope2", "slope3"}
    assert {m.name for m in forward_mutations(program) if m.words.endswith("in every layer")} >= {"missing-bias"}
