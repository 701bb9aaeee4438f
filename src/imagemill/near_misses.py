"""Near misses: the known word that an unknown one was probably meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches

# Similarity of difflib, from 0 to 1. "jpg" and "jpeg" have 0.86, "widht" and "width" 0.8.
MIN_SIMILARITY = 0.6


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'jpeg'?" for the most similar known word, or an empty string.

    Case and the separators `-` and `_` do not count.
    """
    by_plain_form = {_plain(one): one for one in known}
    found = get_close_matches(_plain(word)[:64], by_plain_form, 1, MIN_SIMILARITY)
    return f"; did you mean {by_plain_form[found[0]]!r}?" if found else ""


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
