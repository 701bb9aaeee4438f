import pytest

from imagemill.imaging.formats import AVIF, HEIC, INPUTS, SNIFF_BYTES, TIFF, sniff
from imaging.studio import Studio, gradient


@pytest.mark.parametrize("name", list(INPUTS))
def test_a_file_is_known_by_its_first_bytes(studio: Studio, name: str) -> None:
    head = studio.save(gradient(8, 8), f"picture.{name}").read_bytes()[:SNIFF_BYTES]
    assert sniff(head) is INPUTS[name]  # type: ignore[index]  # parametrized with its own keys


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a",
        b"\x89PNG\n\n\x1a\n",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFF",
        b"GIF88a",
        b"II*",
        b"MM*\x00",
        b"BM",
        b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1miaf",
        b"\x00\x00\x00\x10ftypmif1\x00\x00\x00\x00avif",
        b"\x00\x00\x00\x14ftypmif1avif\x00\x00\x00\x00",
        b"<svg xmlns=",
        b" \xff\xd8\xff",
    ],
)
def test_other_beginnings_are_no_format(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00miafavif",
        b"\x00\x00\x00\x10ftypavis\x00\x00\x00\x00",
    ],
)
def test_an_avif_may_say_so_anywhere_in_its_list_of_kinds(head: bytes) -> None:
    assert sniff(head) is AVIF


@pytest.mark.parametrize("major", [b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"])
def test_a_heic_may_say_so_anywhere_in_its_list_of_kinds(major: bytes) -> None:
    assert sniff(b"\x00\x00\x00\x18ftyp" + major + b"\x00\x00\x00\x00mif1heic") is HEIC


def test_what_says_avif_and_heic_is_an_avif() -> None:
    assert sniff(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicavif") is AVIF


@pytest.mark.parametrize("head", [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"])
def test_a_tiff_has_either_byte_order_and_either_size_of_offsets(head: bytes) -> None:
    assert sniff(head) is TIFF
