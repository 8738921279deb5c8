"""Boxes as MathML Core: what browsers draw by themselves, and screen readers read aloud."""

from __future__ import annotations

from html import escape

from chainrule.derivation.render.boxes import (
    Big,
    Box,
    Branches,
    Digits,
    Fence,
    Fraction,
    Letter,
    Marked,
    Role,
    Root,
    Row,
    Scripts,
    Sign,
    Words,
)

# Space before and after a sign, in em; None leaves it to the browser.
_SPACE = {
    Role.RELATION: (".28em", ".28em"),
    Role.PLUS: (".22em", ".22em"),
    Role.TIMES: (".2em", ".2em"),
    Role.JUXTAPOSED: ("0", ".14em"),
    Role.PREFIX: ("0", ".06em"),
    Role.APPLY: ("0", "0"),
    Role.NAME: ("0", ".16em"),
    Role.POSTFIX: ("0", "0"),
    Role.COMMA: ("0", ".16em"),
    Role.SLASH: ("0", "0"),
}
_INVISIBLE = {Role.JUXTAPOSED: "\u2062", Role.APPLY: "\u2061", Role.NAME: "\u2061"}  # times, function application
# A sign that begins a piece of a broken line is still one between two terms.
_FORM = {
    Role.PREFIX: ' form="prefix"',
    Role.SLASH: ' form="infix" stretchy="false"',
    **dict.fromkeys((Role.PLUS, Role.RELATION, Role.TIMES), ' form="infix"'),
}
_FENCE_SIZE = {2: ' minsize="1.9em" maxsize="1.9em"'}


def formula(box: Box, spoken: str = "", *, block: bool = False) -> str:
    """A ``<math>`` element in display style; ``spoken`` is what a reader without MathML is given."""
    text = f' alttext="{escape(spoken)}"' if spoken else ""
    kind = ' display="block"' if block else ' displaystyle="true"'
    return f"<math{kind}{text}>{element(box)}</math>"


def inline(box: Box) -> str:
    """A ``<math>`` element inside a sentence."""
    return f"<math>{element(box)}</math>"


def element(box: Box) -> str:
    """One element that holds the box."""
    match box:
        case Letter(text, upright, bold):
            # A single letter becomes italic by itself; mathvariant="normal" is the one value that Core keeps.
            if bold:
                return f'<mi mathvariant="normal" style="font-weight:700">{escape(text)}</mi>'
            return f'<mi mathvariant="normal">{escape(text)}</mi>' if upright and len(text) == 1 else _mi(text)
        case Digits(text):
            return f"<mn>{escape(text)}</mn>"
        case Words(text):
            return f"<mtext>{escape(text).replace(' ', chr(160))}</mtext>"
        case Sign(text, role):
            before, after = _SPACE[role]
            form = _FORM.get(role, "")
            return f'<mo{form} lspace="{before}" rspace="{after}">{escape(text) or _INVISIBLE[role]}</mo>'
        case Row(parts):
            return f"<mrow>{''.join(map(element, parts))}</mrow>"
        case Fraction(over, under, large):
            return f"<mfrac>{_sized(over, large)}{_sized(under, large)}</mfrac>"
        case Scripts(base, below, above):
            return _scripts(base, below, above)
        case Big(sign, below, above):
            big = f'<mo largeop="true" movablelimits="false" lspace="0" rspace=".12em">{sign}</mo>'
            return f"<munderover>{big}{element(below)}{element(above)}</munderover>"
        case Fence(left, body, right, size):
            return f"<mrow>{_bracket(left, 'prefix', size)}{element(body)}{_bracket(right, 'postfix', size)}</mrow>"
        case Marked(body):
            return f'<mrow class="marked">{element(body)}</mrow>'
        case Root(body):
            return f"<msqrt>{element(body)}</msqrt>"
        case Branches(rows):
            made = "".join(f"<mtr><mtd>{element(value)}</mtd><mtd>{element(when)}</mtd></mtr>" for value, when in rows)
            brace = '<mo form="prefix" fence="true" stretchy="true" lspace="0" rspace=".1em">{</mo>'
            return f'<mrow>{brace}<mtable class="cases" displaystyle="true">{made}</mtable></mrow>'
    raise TypeError(f"no element for {type(box).__name__}")


def _mi(text: str) -> str:
    return f"<mi>{escape(text)}</mi>"


def _sized(box: Box, large: bool) -> str:
    """A part of a fraction, in full size where it holds fractions itself."""
    return f'<mstyle displaystyle="true">{element(box)}</mstyle>' if large else element(box)


def _scripts(base: Box, below: Box | None, above: Box | None) -> str:
    match below, above:
        case Box(), Box():
            return f"<msubsup>{element(base)}{element(below)}{element(above)}</msubsup>"
        case Box(), None:
            return f"<msub>{element(base)}{element(below)}</msub>"
        case None, Box():
            return f"<msup>{element(base)}{element(above)}</msup>"
    return element(base)


def _bracket(text: str, form: str, size: int) -> str:
    """One bracket: as tall as a letter, as its body, or of a fixed size beside a Σ."""
    stretchy = "true" if size else "false"
    grown = _FENCE_SIZE.get(size, "")
    return f'<mo form="{form}" fence="true" stretchy="{stretchy}"{grown} lspace="0" rspace="0">{escape(text)}</mo>'
