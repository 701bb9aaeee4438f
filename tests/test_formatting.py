"""Sentences for people end with one mark."""

import pytest

from imagemill.formatting import format_sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("It failed", "It failed."),
        ("It failed.", "It failed."),
        ("It failed. ", "It failed."),
        ("It failed...", "It failed."),
        ("Is it there?", "Is it there?"),
        ("refused\n\tIs the server running?", "refused Is the server running?"),
        (ValueError("It failed."), "It failed."),
    ],
)
def test_a_sentence_is_one_line_with_one_mark_at_its_end(text: object, sentence: str) -> None:
    assert format_sentence(text) == sentence
