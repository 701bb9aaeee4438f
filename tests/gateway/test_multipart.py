"""Forms are parsed alike however their bytes arrive, and as RFC 2046 has them."""

import pytest

from imagemill.gateway.errors import MalformedRequest
from imagemill.gateway.upload.multipart import FormReader
from support.uploads import multipart

# Holds what looks like a delimiter and is none, and most of one at its end.
CONTENT = b"\r\n--bound\r\n--\r\r\n--b\r\r\n--b-x\r\n--\r\n-"
FORM = multipart(
    ("width", None, b"160"), ("file", "cat.jpg", CONTENT), ("height", None, "130 µ".encode())
)


def parse(*chunks: bytes) -> tuple[list[tuple[str, str]], str | None, bytes]:
    reader = FormReader(b"b")
    content = b"".join([reader.feed(chunk) for chunk in chunks])
    form = reader.finish()
    return form.fields, form.filename, content


PARSED = ([("width", "160"), ("height", "130 µ")], "cat.jpg", CONTENT)


def test_a_form_is_parsed_alike_wherever_it_is_cut() -> None:
    for cut in range(len(FORM) + 1):
        assert parse(FORM[:cut], FORM[cut:]) == PARSED


def test_a_form_is_parsed_alike_byte_by_byte() -> None:
    assert parse(*(bytes([byte]) for byte in FORM)) == PARSED


@pytest.mark.parametrize(("before", "after"), [(b"\r\n", b""), (b"\r\n\r\n", b""), (b"", b"rest")])
def test_empty_lines_before_a_form_and_anything_after_it_are_ignored(
    before: bytes, after: bytes
) -> None:
    assert parse(before + FORM + after) == PARSED


def test_a_field_may_be_empty() -> None:
    assert parse(multipart(("a", None, b""), ("file", None, b"")))[0] == [("a", "")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        FORM[:-4],
        b"x" + FORM,
        FORM.replace(b"--b\r\n", b"--c\r\n"),
        FORM.replace(b"--b\r\n", b"--b \r\n", 1),
        b"--b\r\n\r\ncontent\r\n--b--\r\n",
        b"--b\r\nno header\r\n\r\ncontent\r\n--b--\r\n",
        b"--b\r\nX: y\r\n\r\ncontent\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data\r\n\r\ncontent\r\n--b--\r\n",
        b"--b\r\nX: " + b"x" * 20_000 + b"\r\n\r\ncontent\r\n--b--\r\n",
        b"--b\r\nX: " + b"x" * 20_000,
    ],
)
def test_a_form_that_is_damaged_is_malformed(body: bytes) -> None:
    for chunks in ([body], [body[start : start + 7] for start in range(0, len(body), 7)]):
        with pytest.raises(MalformedRequest):
            parse(*chunks)
