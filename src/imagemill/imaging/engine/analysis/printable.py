"""Untrusted text, cut to what can be printed."""


def to_printable(text: str, length: int) -> str:
    """Return the text without control characters, lone surrogates and the like, cut to length."""
    return "".join(filter(str.isprintable, text[: 4 * length])).strip()[:length]
