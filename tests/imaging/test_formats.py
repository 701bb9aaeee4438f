import pytest

from imagemill.imaging.formats import FORMATS, SNIFF_BYTES, sniff
from imaging.studio import Studio, gradient


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_file_is_known_by_its_first_bytes(studio: Studio, name: str) -> None:
    head = studio.save(gradient(8, 8), f"picture.{name}").read_bytes()[:SNIFF_BYTES]
    assert sniff(head) is FORMATS[name]  # type: ignore[index]  # parametrized with its own keys


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a",
        b"\x89PNG\n\n\x1a\n",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"RIFF",
        b"GIF89a",
        b"<svg xmlns=",
        b" \xff\xd8\xff",
    ],
)
def test_other_beginnings_are_no_format(head: bytes) -> None:
    assert sniff(head) is None
