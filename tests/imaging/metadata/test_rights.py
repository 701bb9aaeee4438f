"""Artist and copyright extracted from untrusted blocks of EXIF, XMP and IPTC."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import Base

from imagemill.imaging.metadata.rights import MAX_TEXT_LENGTH, exif, iptc, xmp
from imaging.metadata_samples import ARTIST, COPYRIGHT, IPTC, XMP, as_text, dataset
from imaging.metadata_samples import exif as exif_with_metadata

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"


def packet(inner: str) -> bytes:
    head = f'<rdf:RDF xmlns:rdf="{RDF}" xmlns:dc="{DC}">'
    return f"{head}<rdf:Description>{inner}</rdf:Description></rdf:RDF>".encode()


@pytest.mark.parametrize("endian", ["<", ">"])
def test_texts_of_exif_come_out_byte_for_byte(endian: str) -> None:
    block = exif_with_metadata()
    block.endian = endian
    written = exif.extract_rights(block.tobytes())
    assert written is not None
    found = Image.Exif()
    found.load(written)
    assert set(found) == {Base.Artist, Base.Copyright}
    assert as_text(found[Base.Artist]) == ARTIST
    assert as_text(found[Base.Copyright]) == COPYRIGHT


def test_a_copyright_of_photographer_and_editor_keeps_both() -> None:
    assert exif.read_rights(bare_exif(Base.Copyright, b"One\0Two\0")) == {
        Base.Copyright: b"One\0Two\0"
    }


def bare_exif(tag: int, text: bytes, length: int | None = None, offset: int = 26) -> bytes:
    entry = struct.pack("<HHII", tag, 2, len(text) if length is None else length, offset)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4) + text


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff",
        bare_exif(Base.Artist, b"Somebody\0", length=10_000),
        bare_exif(Base.Artist, b"Somebody\0", offset=0xFFFF_FFFF),
        bare_exif(Base.Artist, b"Somebody\0", length=0xFFFF_FFFF),
        bare_exif(Base.Artist, b"     \0\0\0"),
        bare_exif(Base.Artist, b"x" * (MAX_TEXT_LENGTH + 1)),
        bare_exif(Base.ImageDescription, b"Somebody\0"),
    ],
)
def test_exif_without_rights_yields_none(block: bytes) -> None:
    assert exif.extract_rights(block) is None


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"Exif\0\0MM\0*\0\0\0\x08"])
)
def test_any_bytes_can_be_read_as_exif(tail: bytes, head: bytes) -> None:
    exif.extract_rights(head + tail)


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    f'<x xmlns:dc="{DC}"><dc:rights>&c;</dc:rights></x>'
)
OUTSIDE = (
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    f'<x xmlns:dc="{DC}"><dc:rights>&a;</dc:rights></x>'
)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"<",
        b"no xml at all",
        LAUGHS.encode(),
        OUTSIDE.encode(),
        f"<!DOCTYPE x>{packet('<dc:rights>Me</dc:rights>').decode()}".encode(),
        b"<?xml version='1.0' encoding='nonesuch'?><x/>",
        packet("<dc:rights>&undefined;</dc:rights>"),
        packet("<dc:rights>   </dc:rights>"),
        packet(f"<dc:rights>{'x' * (MAX_TEXT_LENGTH + 1)}</dc:rights>"),
        packet(f"<dc:rights>Me</dc:rights>{' ' * 1024 * 1024}"),
        packet("<dc:title>Mine</dc:title>"),
        b"<x>" * 100_000 + b"</x>" * 100_000,
        XMP[:-200],
    ],
    ids=range(14),
)
def test_xmp_without_rights_and_malformed_xmp_yield_none(block: bytes) -> None:
    assert xmp.extract_rights(block) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_xmp_may_be_written_in_other_encodings(encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    text = mark + packet("<dc:rights>© Jané 山田</dc:rights>").decode()
    written = xmp.extract_rights(text.encode(encoding))
    assert written is not None
    assert "© Jané 山田".encode() in written


@pytest.mark.parametrize(
    "inner",
    [
        "<dc:rights>Mine</dc:rights>",
        "<dc:rights><rdf:Alt><rdf:li>Mine</rdf:li></rdf:Alt></dc:rights>",
        f'</rdf:Description><rdf:Description dc:rights="Mine" xmlns:dc="{DC}">',
    ],
)
def test_rights_are_found_however_they_are_written(inner: str) -> None:
    written = xmp.extract_rights(packet(inner))
    assert written is not None
    assert b'<rdf:li xml:lang="x-default">Mine</rdf:li>' in written


def test_what_looks_like_markup_stays_text() -> None:
    inner = "<dc:creator><rdf:Seq><rdf:li>&lt;b&gt; &amp; {x}</rdf:li></rdf:Seq></dc:creator>"
    written = xmp.extract_rights(packet(inner))
    assert written is not None
    assert b"<rdf:li>&lt;b&gt; &amp; {x}</rdf:li>" in written
    assert xmp.extract_rights(written) == written


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read_as_xmp(block: bytes) -> None:
    xmp.extract_rights(block)


def test_iptc_keeps_its_encoding_and_the_two() -> None:
    expected = [
        dataset(1, 90, b"\x1b%G"),
        dataset(2, 0, b"\0\4"),
        dataset(2, 80, ARTIST.encode()),
        dataset(2, 116, COPYRIGHT.encode()),
    ]
    assert (
        iptc.extract_rights(IPTC)
        == iptc.extract_rights(iptc.wrap_records(IPTC))
        == b"".join(expected)
    )


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Photoshop 3.0\0",
        b"Photoshop 3.0\x008BIM",
        b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff",
        dataset(2, 90, b"Berlin"),
        dataset(2, 80, b"   "),
        dataset(2, 80, b"x" * (MAX_TEXT_LENGTH + 1)),
        b"\x1c\x02\x50\x80\x04\0\0\0\x01x",
    ],
)
def test_iptc_without_rights_yields_none(block: bytes) -> None:
    assert iptc.extract_rights(block) is None


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x1c\x02", b"Photoshop 3.0\x008BIM"]))
def test_any_bytes_can_be_read_as_iptc(tail: bytes, head: bytes) -> None:
    iptc.extract_rights(head + tail)
