"""Sentences with mathematics in them: which of their words are formulas.

The reasons and headings of a derivation are plain Unicode (``every output y_k' moves with a_k, by ∂y_k'/∂a_k``). Here
the letters with indices, layers and primes become boxes, so that every rendering sets them as it sets formulas.
"""

from __future__ import annotations

import re

from chainrule.derivation.render.boxes import Box, Digits, Letter, Role, Scripts, Sign, row

_UP = {**dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)), "ⁿ": "n", "ˡ": "l", "ᵀ": "⊤", "⁻": "−", "⁺": "+", "ᴸ": "L"}
_DOWN: dict[str, str | int | None] = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
_PRIMES = r"(?:['′](?![st]\b))"
_ABOVE = f"[{''.join(_UP)}]+"
_INDEX = r"(?:[A-Za-z][₀-₉]*|\d)['′]*"
_INDICES = rf"(?:{_INDEX})(?:,?(?:{_INDEX}))?"
_BELOW = rf"_(?:\({_INDICES}\)|{_INDICES})"
_BASE = r"(?:[A-Za-zΑ-Ωα-ω][₀-₉]*|log|exp)"
_CARET = rf"\^(?:\([^()]*\)|[A-Za-z0-9]{_PRIMES}*(?:{_ABOVE})?(?:{_BELOW})?)"
_PLAIN = rf"{_BASE}{_PRIMES}*(?:{_ABOVE})?(?:{_BELOW})?(?:{_ABOVE}|{_CARET})?"
_SCRIPTED = rf"(?:{_PRIMES}+(?:{_BELOW})?|(?:{_ABOVE})?{_BELOW}|{_ABOVE}|{_CARET}|(?<=[₀-₉]))(?:{_ABOVE}|{_CARET})?"
_WITH_SCRIPT = rf"[A-Za-zΑ-Ωα-ω][₀-₉]*{_SCRIPTED}"
_QUOTIENT = rf"∂(?:{_ABOVE})?{_PLAIN}/∂{_PLAIN}"
_SIGMA = rf"[ΣΠ]{_BELOW}"
# A letter alone is one, but not the words "a", "A" and "I"; "a" is one beside signs and behind another letter.
_ALONE = r"(?:[B-HJ-Zb-zΑ-Ωα-ω∂]|a(?= [−=+·/<>≤≥])|(?<=[−=+·/<>≤≥] )a|(?<=\W[b-zB-Z] )a)"
_EDGE = r"(?<![A-Za-z0-9_'’.-])"
_END = r"(?![A-Za-z0-9_])(?!-[a-z])"
_TOKEN = re.compile(rf"{_QUOTIENT}|{_SIGMA}|{_EDGE}(?:{_WITH_SCRIPT}|{_ALONE}){_END}")
_PARTS = re.compile(
    rf"(?P<base>∂|{_BASE})(?P<primes>['′]*)(?P<up>{_ABOVE})?(?P<down>{_BELOW})?(?P<more>{_ABOVE})?(?P<caret>{_CARET})?"
)


_WORD = re.compile(r"['′]+|\s*[=≠≤≥<>≈→]\s*|\s*[+−·]\s*|/|\s+|[()\[\]{},]|[^'′=≠≤≥<>≈→+−·/\s()\[\]{},]+")


def spans(text: str) -> list[str | Box]:
    """The text in pieces: words as they are, and boxes for the formulas.

    Examples
    --------
    >>> [type(piece).__name__ for piece in spans("every y_k' moves with a_k")]
    ['str', 'Scripts', 'str', 'Scripts']
    """
    found: list[str | Box] = []
    at = 0
    for match in _TOKEN.finditer(text):
        if match.start() > at:
            found.append(text[at : match.start()])
        is_operator = match[0] == "R" and text[match.end() :].startswith("{")  # R{u}, the derivative along v
        found.append(Letter("ℛ", upright=True) if is_operator else _box(match[0]))
        at = match.end()
    if at < len(text):
        found.append(text[at:])
    return found


def statement(text: str) -> Box:
    """A text that is a formula as a whole, ``(u/v)' = (u' v − u v')/v²``, as one box."""
    parts: list[Box] = []
    for piece in spans(text):
        if isinstance(piece, Box):
            parts.append(piece)
            continue
        for word in _WORD.findall(piece):
            bare = word.strip()
            if not bare:
                parts.append(Sign("", Role.JUXTAPOSED))
            elif bare[0] in "'′":
                parts.append(Sign("′" * len(bare), Role.POSTFIX))
            elif bare in "=≠≤≥<>≈→":
                parts.append(Sign(bare, Role.RELATION))
            elif bare in "+−·":
                parts.append(Sign(bare, Role.PLUS if parts and bare != "·" else Role.TIMES if parts else Role.PREFIX))
            elif bare in "/()[]{}":
                parts.append(Sign(bare, Role.SLASH))
            elif bare == ",":
                parts.append(Sign(bare, Role.COMMA))
            else:
                parts.append(Digits(bare) if bare.isdigit() else Letter(bare, upright=len(bare) > 1))
    return row(*parts)


def _box(text: str) -> Box:
    """The box of one formula."""
    if text.startswith("∂") and "/" in text:
        over, under = text.split("/", 1)
        return row(_partial(over), Sign("/", Role.SLASH), _partial(under))
    if text[0] in "ΣΠ" and len(text) > 1 and text[1] == "_":
        return Scripts(Letter("∑" if text[0] == "Σ" else "∏", upright=True), below=_below(text[1:]))
    return _symbol(text)


def _partial(text: str) -> Box:
    """∂ and the letter behind it."""
    d: Box = Letter("∂", upright=True)
    rest = text[1:]
    if rest and rest[0] in _UP:
        d, rest = Scripts(d, above=Digits(_UP[rest[0]])), rest[1:]
    return row(d, _symbol(rest))


def _symbol(text: str) -> Box:
    found = _PARTS.fullmatch(text)
    if found is None:
        return Letter(text, upright=True)
    name = found["base"].rstrip("".join(_DOWN))
    base: Box = Letter(name, upright=len(name) > 1 or name == "∂")
    low = found["base"][len(name) :].translate(str.maketrans(_DOWN))
    above = [_above(c) for c in (found["up"] or "") + (found["more"] or "")]
    if found["caret"]:
        above.append(_exponent(found["caret"][1:].removeprefix("(").removesuffix(")")))
    below = _below(found["down"]) if found["down"] else Digits(low) if low else None
    primes = Sign("′" * len(found["primes"]), Role.POSTFIX)
    if found["primes"] and low:  # an index m₂'
        return row(Scripts(base, below, row(*above) if above else None), primes)
    if found["primes"]:
        base = row(base, primes)
    return Scripts(base, below, row(*above) if above else None) if above or below is not None else base


def _exponent(text: str) -> Box:
    """What stands behind a caret: letters, numbers and signs."""
    parts: list[Box] = []
    for piece in spans(text):
        if isinstance(piece, Box):
            parts.append(piece)
            continue
        for word in re.findall(r"\d+|[−+/-]|[^\s\d−+/-]+", piece):
            sign = Sign({"-": "−"}.get(word, word), Role.SLASH if word == "/" else Role.PREFIX)
            parts.append(Digits(word) if word.isdigit() else sign if word in "−+-/" else Letter(word))
    return row(*parts)


def _above(character: str) -> Box:
    plain = _UP[character]
    if plain in "−+":
        return Sign(plain, Role.PREFIX)
    if plain == "⊤":
        return Letter(plain, upright=True)
    return Digits(plain) if plain.isdigit() else Letter(plain)


def _below(text: str) -> Box:
    """Indices as in ``_kk'`` or ``_m₂k``."""
    parts: list[Box] = []
    for piece in re.findall(rf"{_INDEX}|,", text[1:]):
        if piece == ",":
            parts.append(Sign(",", Role.COMMA))
            continue
        bare = piece.rstrip("'′")
        stem = bare.rstrip("".join(_DOWN))
        box: Box = Digits(stem) if stem.isdigit() else Letter(stem)
        if stem != bare:
            box = Scripts(box, below=Digits(bare[len(stem) :].translate(str.maketrans(_DOWN))))
        primes = len(piece) - len(bare)
        parts.append(row(box, Sign("′" * primes, Role.POSTFIX)) if primes else box)
    return row(*parts)
