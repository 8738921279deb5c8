"""Boxes as LaTeX."""

from __future__ import annotations

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

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "τ": "tau", "υ": "upsilon", "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta",
    "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_LETTERS = {
    "∂": r"\partial", "ℛ": r"\mathcal{R}", "⊤": r"\top", "⋯": r"\cdots", "∞": r"\infty",
    "∑": r"\textstyle\sum", "∏": r"\textstyle\prod",
}  # fmt: skip
_SIGNS = {
    "−": "-", "·": r"\cdot", "×": r"\times", "⊙": r"\odot", "⊘": r"\oslash", "≈": r"\approx", "≠": r"\neq",
    "≤": r"\leq", "≥": r"\geq", "→": r"\to", "∑": r"\sum", "∏": r"\prod", "±": r"\pm", "∝": r"\propto",
}  # fmt: skip
_TEXT = {
    "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "…": r"\ldots{}", "§": r"\S{}", "′": "$'$",
    "✓": r"$\checkmark$", "√": r"$\sqrt{\,}$", "\u00a0": "~",
    **{up: rf"\textsuperscript{{{plain}}}" for up, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)},
    **{low: rf"$_{{{plain}}}$" for low, plain in zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True)},
}  # fmt: skip
_KNOWN = {"log", "exp", "tanh", "sin", "cos", "max", "min"}
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}",
}  # fmt: skip


def formula(box: Box) -> str:
    """The box in LaTeX's mathematics, without dollars.

    Every command is followed by a space or a brace, so that the letters after it are its own.
    """
    match box:
        case Letter(text, upright, bold):
            return _letter(text, upright, bold)
        case Digits(text):
            return _LETTERS.get(text, text)
        case Words(text):
            return rf"\text{{{escaped(text)}}}"
        case Sign(text, role):
            return _sign(text, role)
        case Row(parts):
            return "".join(map(formula, parts)).strip()
        case Fraction(over, under, large):
            return rf"\frac{{{_sized(over, large)}}}{{{_sized(under, large)}}}"
        case Scripts(Row((base, Sign(text, Role.POSTFIX) as primes)), below, None) if set(text) == {"′"}:
            return formula(Scripts(base, below)) + formula(primes)  # u_{j}' is set as u'_{j} is
        case Scripts(base, below, above):
            made = formula(base)
            if isinstance(base, Row | Fraction | Root):
                made = f"{{{made}}}"
            made = made.rstrip()
            made += f"_{{{formula(below)}}}" if below is not None else ""
            return made + (f"^{{{formula(above)}}}" if above is not None else "")
        case Big(sign, below, above):
            return rf"{_SIGNS[sign]}_{{{formula(below)}}}^{{{formula(above)}}} "
        case Fence(left, body, right, size):
            return _fence(left, formula(body), right, size)
        case Marked(body):
            return formula(body)
        case Root(body):
            return rf"\sqrt{{{formula(body)}}}"
        case Branches(rows):
            inner = r" \\ ".join(f"{formula(value)} & {formula(when)}" for value, when in rows)
            return rf"\begin{{cases}} {inner} \end{{cases}}"
    raise TypeError(f"no LaTeX for {type(box).__name__}")


def escaped(text: str) -> str:
    """Words for LaTeX: its special characters lose their meaning, and mathematical ones become formulas."""
    return "".join(_SPECIAL.get(c) or _in_words(c) for c in text)


def _in_words(character: str) -> str:
    """A character of a sentence; one that LaTeX does not know is named, never dropped."""
    if character.isascii():
        return character
    if character in GREEK:
        return rf"$\{GREEK[character]}$"
    sign = _SIGNS.get(character) or _LETTERS.get(character)
    if sign is not None:
        return f"${sign}$"
    if character in _TEXT:
        return _TEXT[character]
    return character if "\u00c0" <= character <= "\u017f" else f"[U+{ord(character):04X}]"


def _letter(text: str, upright: bool, bold: bool) -> str:
    if text in _LETTERS:
        return _LETTERS[text] + (" " if _LETTERS[text][-1].isalpha() else "")
    if bold:
        return rf"\mathbf{{{text}}}"
    if text in GREEK:
        return rf"\{GREEK[text]} "
    if len(text) == 1:
        if not (text.isascii() and text.isalnum()):
            return rf"\text{{{escaped(text)}}}"
        return rf"\mathrm{{{text}}}" if upright else text
    if text in _KNOWN:
        return rf"\{text} "
    return rf"\operatorname{{{escaped(text)}}}"


def _sign(text: str, role: Role) -> str:
    match role:
        case Role.JUXTAPOSED:
            return r"\,"
        case Role.APPLY | Role.NAME:  # TeX knows the space behind a function's name
            return ""
        case Role.POSTFIX:
            return "'" * len(text) if set(text) <= {"′"} else text
        case Role.COMMA | Role.SLASH:
            return rf"\{text}" if text in "{}" else text
    sign = _SIGNS.get(text) or (text if text in "=+<>" else escaped(text))
    return f"{sign} " if role is Role.PREFIX and sign.isalpha() else sign if role is Role.PREFIX else f" {sign} "


def _sized(box: Box, large: bool) -> str:
    return rf"\displaystyle {formula(box)}" if large else formula(box)


def _fence(left: str, body: str, right: str, size: int) -> str:
    """Brackets: plain, grown with \\left, or one fixed size beside a Σ, whose limits need no bracket."""
    left, right = (rf"\{side}" if side in "{}" else side for side in (left, right))
    if size == 0:
        return f"{left}{body}{right}"
    if size == 1:
        return rf"\left{left} {body} \right{right}"
    return rf"\Bigl{left} {body} \Bigr{right}"
