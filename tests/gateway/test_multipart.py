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


def part(name: str, content: bytes, filename: str | None = None, media_type: str = "") -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    lines = [f'Content-Disposition: form-data; name="{name}"{named}']
    lines += [f"Content-Type: {media_type}"] if media_type else []
    return b"--b\r\n" + "\r\n".join([*lines, "", ""]).encode() + content + b"\r\n"


FILE = part("file", CONTENT, "cat.jpg", "image/jpeg")


@pytest.mark.parametrize(
    ("filename", "media_type"),
    [
        ("blob", "application/json"),
        ("pipeline.json", ""),
        ("", "application/octet-stream"),
        (None, "application/json"),
        (None, "text/plain; charset=UTF-8"),
        (None, "image/png"),
    ],
)
def test_a_part_with_the_name_of_a_field_is_that_field(
    filename: str | None, media_type: str
) -> None:
    """Browsers and Swagger UI send JSON as a Blob, which has a file name and a type."""
    body = part("pipeline", b"{}", filename, media_type) + FILE + b"--b--\r\n"
    assert parse(body) == ([("pipeline", "{}")], "cat.jpg", CONTENT)


@pytest.mark.parametrize(
    ("filename", "media_type"),
    [("cat.jpg", "image/jpeg"), ("cat.jpg", ""), (None, "image/jpeg"), ("", "")],
)
def test_a_file_under_another_name_is_told_both(filename: str | None, media_type: str) -> None:
    with pytest.raises(MalformedRequest, match=r"'picture'.*'file'"):
        parse(part("picture", CONTENT, filename, media_type))


def test_text_under_another_name_is_a_field() -> None:
    body = part("picture", b"x", media_type="text/plain") + FILE + b"--b--\r\n"
    assert parse(body)[0] == [("picture", "x")]
