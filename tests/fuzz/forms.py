"""Requests with a form, damaged in what its client may get wrong, and in what nobody would."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from fuzz.mutations import DAMAGES
from support.pictures import picture

Chance = random.Random

PICTURES = [picture(24, 18), picture(24, 18, "PNG"), picture(16, 16, "WEBP")]
BOUNDARY = b"----imagemill7MA4YWxkTrZu0gW"
DISPOSITION = b"Content-Disposition: form-data; name="

GOOD_FIELDS = [
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
    """A part of a form: its header lines, and what it holds."""

    lines: tuple[bytes, ...]
    content: bytes


@dataclass(slots=True)
class Form:
    """A form that is about to be written down, and how."""

    parts: list[Part]
    boundary: bytes = BOUNDARY
    line_end: bytes = b"\r\n"
    preamble: bytes = b""
    end: bytes = b"--\r\n"
    content_type: bytes = b"multipart/form-data; boundary=" + BOUNDARY
    damages: list[Callable[[bytearray, Chance], None]] = field(default_factory=list)

    def body(self, chance: Chance) -> bytes:
        """Return it as bytes, with its damages."""
        written = bytearray(self.preamble)
        for part in self.parts:
            written += b"--" + self.boundary + self.line_end
            written += b"".join(line + self.line_end for line in part.lines) + self.line_end
            written += part.content + self.line_end
        written += b"--" + self.boundary + self.end
        for damage in self.damages:
            damage(written, chance)
        return bytes(written)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as bytes. One that never ends is told to be over by closing the way there."""

    data: bytes
    ends: bool


def requests(count: int, seed: int) -> Iterator[Sent]:
    """Yield so many requests, the same ones for the same seed."""
    chance = Chance(seed)
    for _ in range(count):
        form = _good_form(chance)
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            chance.choice(FORM_DAMAGES)(form, chance)
        yield _framed(form.content_type, form.body(chance), chance)


def _good_form(chance: Chance) -> Form:
    fields = [_field(*one) for one in chance.sample(GOOD_FIELDS, chance.randrange(3))]
    return Form(chance.sample([_file(chance.choice(PICTURES)), *fields], len(fields) + 1))


def _file(content: bytes, filename: bytes = b'; filename="cat.jpg"') -> Part:
    return Part((DISPOSITION + b'"file"' + filename, b"Content-Type: image/jpeg"), content)


def _field(name: bytes, value: bytes) -> Part:
    return Part((DISPOSITION + b'"' + name + b'"',), value)


def _drop(form: Form, chance: Chance) -> None:
    if form.parts:
        del form.parts[chance.randrange(len(form.parts))]


def _repeat(form: Form, chance: Chance) -> None:
    if form.parts:
        times = chance.choice((1, 1, 2, 64, 70))
        form.parts += [chance.choice(form.parts)] * times


def _wrong_value(form: Form, chance: Chance) -> None:
    name, _ = chance.choice(GOOD_FIELDS)
    form.parts.insert(0, _field(name, chance.choice(BAD_VALUES)))


def _wrong_name(form: Form, chance: Chance) -> None:
    form.parts.append(_field(chance.choice(BAD_NAMES), b"1"))


def _wrong_filename(form: Form, chance: Chance) -> None:
    form.parts = [p for p in form.parts if b'"file"' not in b"".join(p.lines[:1])]
    form.parts.append(_file(chance.choice(PICTURES), chance.choice(BAD_FILENAMES)))


def _wrong_line(form: Form, chance: Chance) -> None:
    if form.parts:
        at = chance.randrange(len(form.parts))
        lines = list(form.parts[at].lines)
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(BAD_LINES))
        form.parts[at] = replace(form.parts[at], lines=tuple(lines))


def _without_lines(form: Form, chance: Chance) -> None:
    if form.parts:
        at = chance.randrange(len(form.parts))
        form.parts[at] = replace(form.parts[at], lines=form.parts[at].lines[1:])


def _nested(form: Form, chance: Chance) -> None:
    inner = Form(form.parts, chance.choice((b"inner", form.boundary))).body(chance)
    lines = (DISPOSITION + b'"file"', b"Content-Type: multipart/mixed; boundary=inner")
    form.parts = [Part(lines, inner)]


def _other_line_ends(form: Form, chance: Chance) -> None:
    form.line_end = chance.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n"))


def _other_edges(form: Form, chance: Chance) -> None:
    form.preamble = chance.choice((b"", b"\r\n", b"preamble\r\n", b"-", b"--\r\n", b"\0" * 300))
    form.end = chance.choice((b"", b"-", b"--", b"\r\n", b"--\r\nepilogue", b"--" * 500, b"-x\r\n"))


def _lying_boundary(form: Form, chance: Chance) -> None:
    lies = (b"other", BOUNDARY[:-1], BOUNDARY + b"x", b"-", b"b" * 70, b"b" * 71, b"", b"\xff\xfe")
    form.content_type = b"multipart/form-data; boundary=" + chance.choice(lies)


def _other_type(form: Form, chance: Chance) -> None:
    right = b"boundary=" + BOUNDARY
    form.content_type = chance.choice(
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


def _bytes(form: Form, chance: Chance) -> None:
    form.damages.append(chance.choice(DAMAGES))


FORM_DAMAGES: tuple[Callable[[Form, Chance], None], ...] = (
    *(_drop, _repeat, _wrong_value, _wrong_name, _wrong_filename, _wrong_line, _without_lines),
    *(_nested, _other_line_ends, _other_edges, _lying_boundary, _other_type),
    *(_bytes, _bytes, _bytes),
)


def _framed(content_type: bytes, body: bytes, chance: Chance) -> Sent:
    """Return the body as a request whose length is told rightly, mostly."""
    how = chance.choices((_whole, _too_short, _too_long, _chunked, _badly_chunked), (6, 1, 1, 2, 1))
    framing, ends = how[0](body, chance)
    head = b"POST /upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return Sent(head + b"Content-Type: " + content_type + b"\r\n" + framing, ends)


def _length(length: int, body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % length + body


def _whole(body: bytes, _: Chance) -> tuple[bytes, bool]:
    return _length(len(body), body), True


def _too_short(body: bytes, chance: Chance) -> tuple[bytes, bool]:
    return _length(chance.randrange(len(body)), body), True


def _too_long(body: bytes, chance: Chance) -> tuple[bytes, bool]:
    return _length(len(body) + chance.choice((1, 100, 10**9, 10**18, 10**30)), body), False


def _chunked(body: bytes, chance: Chance) -> tuple[bytes, bool]:
    size = chance.choice((1, 7, 100, 4096))
    size = max(size, len(body) // 500)
    chunks = (body[at : at + size] for at in range(0, len(body), size))
    written = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"Transfer-Encoding: chunked\r\n\r\n" + written + b"0\r\n\r\n", True


def _badly_chunked(body: bytes, chance: Chance) -> tuple[bytes, bool]:
    whole = bytearray(_chunked(body, chance)[0])
    head = whole.index(b"\r\n\r\n") + 4
    chunks = whole[head:]
    chance.choice(DAMAGES)(chunks, chance)
    return bytes(whole[:head] + chunks), False
