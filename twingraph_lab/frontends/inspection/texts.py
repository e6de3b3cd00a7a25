"""Text that came from anywhere, made safe and short enough to show: nothing in it hides, reorders or overwrites."""

from __future__ import annotations

LIMIT = 64 * 1024
"""Characters of a text that is shown."""
_REORDERING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
"""Unicode Standard Annex #9: marks, embeddings, overrides and isolates."""
_SEPARATORS = (0x2028, 0x2029, 0xFEFF)
_VISIBLE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"},
    0x7F: "\u2421",
    **{code: f"\\x{code:02x}" for code in range(0x80, 0xA0)},
    **{code: f"\\u{code:04x}" for code in (*_REORDERING, *_SEPARATORS)},
}


def visible(text: str) -> str:
    r"""Text whose control characters can be seen, with line feeds and tabs as they are.

    >>> visible("a\x1b[2J\r\nb\u202ec")
    'a␛[2J\nb\\u202ec'
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").translate(_VISIBLE)
    return text if text.isascii() else "".join(_escaped(c) if "\ud800" <= c <= "\udfff" else c for c in text)


def shown(text: str, limit: int = LIMIT) -> tuple[str, bool]:
    """The beginning of a text as it is shown, and whether something is missing."""
    return visible(text[:limit]), len(text) > limit


def decoded(data: bytes, *, whole: bool) -> str | None:
    r"""The text that UTF-8 bytes are, None if they aren't. The last character may be cut, unless they are the `whole`.

    >>> decoded("né".encode()[:2], whole=False), decoded(b"\x00", whole=True)
    ('n', None)
    """
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut = not whole and error.reason == "unexpected end of data"
        return data[: error.start].decode("utf-8-sig") if cut else None


def _escaped(surrogate: str) -> str:
    return f"\\u{ord(surrogate):04x}"
