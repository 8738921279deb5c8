"""The order, the numbering and the marks of lines."""

from __future__ import annotations

import itertools

import pytest

from chainrule.derivation.render import boxes, tex
from chainrule.derivation.render.boxes import Marked
from chainrule.derivation.render.content import chapters, shown
from chainrule.errors import SettingError


def lines(derivation):
    return [line for chapter in chapters(derivation) for block in chapter.blocks for line in block.lines]


def test_all_steps_are_there_once_in_their_order_and_numbered_from_one(derivations):
    for derivation in derivations:
        made = lines(derivation)
        assert [line.step for line in made] == list(derivation.steps)
        numbers = [line.number for line in made if not line.step.is_remark]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_line_that_goes_on_has_no_left_side_and_every_other_has(derivations):
    for derivation in derivations:
        for chapter in chapters(derivation):
            for block in chapter.blocks:
                for above, line in zip((None, *block.lines), block.lines, strict=False):
                    if line.step.is_remark:
                        assert line.left is line.right is None
                        continue
                    goes_on = (
                        above is not None
                        and above.step.after == line.step.before
                        and above.step.after is not None
                        and above.step.given == line.step.given
                    )
                    assert (line.left is None) == goes_on
                    assert line.continues == goes_on


def test_what_a_rule_rewrites_is_marked_in_the_line_above(post):
    made = lines(post)
    marked = 0
    for line, following in itertools.pairwise(made):
        found = [box for box in boxes.inside(line.right) if isinstance(box, Marked)] if line.right is not None else []
        if not following.continues or following.step.acted_on is None:
            assert not found
        marked += bool(found)
    assert marked > 10


def test_the_shape_of_a_gradient_is_that_of_its_array(derivations):
    for derivation in derivations:
        net = derivation.network
        for line in lines(derivation):
            for shape, box in zip(line.step.shapes, line.shapes, strict=True):
                text = tex.formula(box)
                assert ":" in text
                for size in shape.sizes:
                    assert (str(size) if size is not None else "N") in text
        assert net.D in derivation.sizes.values()


def test_views_are_named_in_text_or_in_a_tuple():
    assert shown("symbols, code") == shown(("code", "symbols")) == {"symbols", "code"}
    with pytest.raises(SettingError, match="Did you mean 'reasons'"):
        shown("reason")


def test_a_block_of_words_alone_goes_with_its_heading_where_words_are_off(post):
    words = next(
        block.title
        for chapter in chapters(post)
        for block in chapter.blocks
        if all(line.step.is_remark and not line.step.code for line in block.lines)
    )
    assert words in post.markdown()
    assert words not in post.markdown(views="symbols")
    assert words in post.latex()
    assert words not in post.latex(views="symbols")
