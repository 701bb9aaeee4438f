"""Uploads as raw HTTP requests, damaged as clients might, and as only a fuzzer would."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from fuzz.mutations import DAMAGES
from support.pictures import picture

PICTURES = [picture(24, 18), picture(24, 18, "PNG"), picture(16, 16, "WEBP")]
BOUNDARY = b"----imagemill7MA4YWxkTrZu0gW"
DISPOSITION = b"Content-Disposition: form-data; name="

VALID_FIELDS = [
    (b"preset", b"thumbnail"),
    (b"width", b"32"),
    (b"format", b"webp"),
    (b"priority", b"low"),
    (b"metadata", b'{"album": "42", "name": "\xd0\xba\xd0\xbe\xd1\x82"}'),
    (b"pipeline", b'{"outputs": [{"name": "a", "width": 8}]}'),
]
BAD_VALUES = [
    *(b"", b"\0", b"\xff\xfe\xfd", b"\xed\xa0\x80", b"NaN", b"1e999", b"-1", b"true", b"null"),
    *(b"[" * 5000, b'{"a":' * 50 + b"1" + b"}" * 50, b'{"a": "\\ud800"}', b'{"a": "\\u0000"}'),
    *(b'{"outputs": []}', b'{"outputs": [{}], "outputs": 7}', b"9" * 5000, b"x" * 70_000),
]
BAD_NAMES = [b"", b"file", b"fi le", b'fi"le', b"\xff", b"\0", b"n" * 2000, b"__proto__", b"a\r\nb"]
BAD_LINES = [
    *(
        b"",
        b":",
        b"Nonsense",
        b" folded: line",
        b"\tfolded",
        b"X-\0: y",
        b"X: \0\x01\x7f",
        b"\xff: \xff",
    ),
    *(b"Content-Disposition: attachment; name=x", b"Content-Disposition:", b"Content-Length: 5"),
    *(b"Content-Type: text/plain; charset=utf-7", b"Content-Type: text/plain; charset=\xff"),
    *(b"Content-Type: multipart/mixed; boundary=inner", b"Content-Transfer-Encoding: base64"),
    *(b"X-Huge: " + b"h" * 9000, b"X-Huger: " + b"h" * 200_000, b"N" * 9000 + b": v"),
]
BAD_FILENAMES = [
    *(b'; filename=""', b'; filename="\0"', b'; filename="../../etc/passwd"', b'; filename="a'),
    *(b"; filename*=UTF-8''%ff%fe", b"; filename*=utf-7''%2B2AA-", b"; filename*=\xff''a"),
    *(b"; filename*=idna''" + b"%41" * 300, b"; filename*=punycode''a-%99", b"; filename*=hex''41"),
    *(b"; filename*=rot13''a", b"; filename*=zlib''a", b"; filename*=undefined''a"),
    *(b'; filename="' + b"f" * 5000 + b'"', b"; filename=\\", b"; filename*0=a; filename*1=b"),
]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a multipart form: its header lines and its content."""

    lines: tuple[bytes, ...]
    content: bytes


@dataclass(slots=True)
class Form:
    """A multipart form, and how it is to be serialized."""

    parts: list[Part]
    boundary: bytes = BOUNDARY
    line_end: bytes = b"\r\n"
    preamble: bytes = b""
    end: bytes = b"--\r\n"
    content_type: bytes = b"multipart/form-data; boundary=" + BOUNDARY
    damages: list[Callable[[bytearray, Random], None]] = field(default_factory=list)

    def body(self, rng: Random) -> bytes:
        """Serialize the form, then damage its bytes."""
        serialized = bytearray(self.preamble)
        for part in self.parts:
            serialized += b"--" + self.boundary + self.line_end
            serialized += b"".join(line + self.line_end for line in part.lines) + self.line_end
            serialized += part.content + self.line_end
        serialized += b"--" + self.boundary + self.end
        for damage in self.damages:
            damage(serialized, rng)
        return bytes(serialized)


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as bytes. The client half-closes the connection after one that does not end."""

    data: bytes
    ends: bool


def requests(count: int, seed: int) -> Iterator[RawRequest]:
    """Yield `count` requests, the same ones for the same seed."""
    rng = Random(seed)
    for _ in range(count):
        form = _make_form(rng)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
            rng.choice(FORM_DAMAGES)(form, rng)
        yield _frame(form.content_type, form.body(rng), rng)


def _make_form(rng: Random) -> Form:
    fields = [_field(*one) for one in rng.sample(VALID_FIELDS, rng.randrange(3))]
    return Form(rng.sample([_file(rng.choice(PICTURES)), *fields], len(fields) + 1))


def _file(content: bytes, filename: bytes = b'; filename="cat.jpg"') -> Part:
    return Part((DISPOSITION + b'"file"' + filename, b"Content-Type: image/jpeg"), content)


def _field(name: bytes, value: bytes) -> Part:
    return Part((DISPOSITION + b'"' + name + b'"',), value)


def _drop_part(form: Form, rng: Random) -> None:
    if form.parts:
        del form.parts[rng.randrange(len(form.parts))]


def _repeat_part(form: Form, rng: Random) -> None:
    if form.parts:
        times = rng.choice((1, 1, 2, 64, 70))
        form.parts += [rng.choice(form.parts)] * times


def _add_bad_value(form: Form, rng: Random) -> None:
    name, _ = rng.choice(VALID_FIELDS)
    form.parts.insert(0, _field(name, rng.choice(BAD_VALUES)))


def _add_bad_name(form: Form, rng: Random) -> None:
    form.parts.append(_field(rng.choice(BAD_NAMES), b"1"))


def _set_bad_filename(form: Form, rng: Random) -> None:
    form.parts = [p for p in form.parts if b'"file"' not in b"".join(p.lines[:1])]
    form.parts.append(_file(rng.choice(PICTURES), rng.choice(BAD_FILENAMES)))


def _add_bad_line(form: Form, rng: Random) -> None:
    if form.parts:
        at = rng.randrange(len(form.parts))
        lines = list(form.parts[at].lines)
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(BAD_LINES))
        form.parts[at] = replace(form.parts[at], lines=tuple(lines))


def _drop_line(form: Form, rng: Random) -> None:
    if form.parts:
        at = rng.randrange(len(form.parts))
        form.parts[at] = replace(form.parts[at], lines=form.parts[at].lines[1:])


def _nest(form: Form, rng: Random) -> None:
    inner = Form(form.parts, rng.choice((b"inner", form.boundary))).body(rng)
    lines = (DISPOSITION + b'"file"', b"Content-Type: multipart/mixed; boundary=inner")
    form.parts = [Part(lines, inner)]


def _change_line_ends(form: Form, rng: Random) -> None:
    form.line_end = rng.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n"))


def _change_edges(form: Form, rng: Random) -> None:
    form.preamble = rng.choice((b"", b"\r\n", b"preamble\r\n", b"-", b"--\r\n", b"\0" * 300))
    form.end = rng.choice((b"", b"-", b"--", b"\r\n", b"--\r\nepilogue", b"--" * 500, b"-x\r\n"))


def _change_boundary(form: Form, rng: Random) -> None:
    boundaries = (
        b"other",
        BOUNDARY[:-1],
        BOUNDARY + b"x",
        b"-",
        b"b" * 70,
        b"b" * 71,
        b"",
        b"\xff\xfe",
    )
    form.content_type = b"multipart/form-data; boundary=" + rng.choice(boundaries)


def _change_content_type(form: Form, rng: Random) -> None:
    right = b"boundary=" + BOUNDARY
    form.content_type = rng.choice(
        (
            b"multipart/form-data",
            b"multipart/form-data;",
            b"multipart/mixed; " + right,
            b"application/x-www-form-urlencoded",
            b"",
            b"MULTIPART/Form-Data; charset=utf-7; " + right,
            b'multipart/form-data; boundary="' + BOUNDARY + b'"',
            b'multipart/form-data; boundary="' + BOUNDARY,
            b"multipart/form-data; " + right + b"; " + right + b"y",
            b"multipart/form-data; boundary*=utf-8''" + BOUNDARY,
            b"multipart/form-data; " + b"p=v; " * 500 + right,
            b"multipart/form-data; \xff\xfe=\xff; " + right,
        )
    )


def _damage_bytes(form: Form, rng: Random) -> None:
    form.damages.append(rng.choice(DAMAGES))


FORM_DAMAGES: tuple[Callable[[Form, Random], None], ...] = (
    *(
        _drop_part,
        _repeat_part,
        _add_bad_value,
        _add_bad_name,
        _set_bad_filename,
        _add_bad_line,
        _drop_line,
    ),
    *(_nest, _change_line_ends, _change_edges, _change_boundary, _change_content_type),
    *(_damage_bytes, _damage_bytes, _damage_bytes),
)


def _frame(content_type: bytes, body: bytes, rng: Random) -> RawRequest:
    """Return a request with the body, in most cases with its correct length."""
    how = rng.choices(
        (_frame_whole, _frame_too_short, _frame_too_long, _frame_chunked, _frame_badly_chunked),
        (6, 1, 1, 2, 1),
    )
    framing, ends = how[0](body, rng)
    head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return RawRequest(head + b"Content-Type: " + content_type + b"\r\n" + framing, ends)


def _content_length(length: int, body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % length + body


def _frame_whole(body: bytes, _: Random) -> tuple[bytes, bool]:
    return _content_length(len(body), body), True


def _frame_too_short(body: bytes, rng: Random) -> tuple[bytes, bool]:
    return _content_length(rng.randrange(len(body)), body), True


def _frame_too_long(body: bytes, rng: Random) -> tuple[bytes, bool]:
    return _content_length(len(body) + rng.choice((1, 100, 10**9, 10**18, 10**30)), body), False


def _frame_chunked(body: bytes, rng: Random) -> tuple[bytes, bool]:
    size = rng.choice((1, 7, 100, 4096))
    size = max(size, len(body) // 500)
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    serialized = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"Transfer-Encoding: chunked\r\n\r\n" + serialized + b"0\r\n\r\n", True


def _frame_badly_chunked(body: bytes, rng: Random) -> tuple[bytes, bool]:
    whole = bytearray(_frame_chunked(body, rng)[0])
    head = whole.index(b"\r\n\r\n") + 4
    chunks = whole[head:]
    rng.choice(DAMAGES)(chunks, rng)
    return bytes(whole[:head] + chunks), False
