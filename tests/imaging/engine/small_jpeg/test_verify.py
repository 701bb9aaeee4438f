"""A plain JPEG that is not what it should be does not leave the process."""

import pytest

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.small_jpeg.header import STILL
from imagemill.imaging.engine.small_jpeg.render import render_small_jpeg
from imagemill.imaging.engine.small_jpeg.verify import verify_jpeg
from imagemill.imaging.engine.verify import BadOutput, ExpectedOutput
from imagemill.imaging.formats import JPEG
from imaging.small_jpegs import encode, orient, run, scene

EXPECTED = ExpectedOutput("image", JPEG, Size(30, 20), 1, STILL)


def written() -> bytes:
    files = run(render_small_jpeg, encode(scene(60, 40)), {"width": 30})
    assert files is not None
    return files[0]


def test_what_was_written_has_its_facts() -> None:
    found = verify_jpeg(written(), EXPECTED)
    assert (found.width, found.height, found.bytes) == (30, 20, len(written()))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (written()[:-2], "has no end"),
        (written()[:100], "cannot be opened again"),
        (b"", "cannot be opened again"),
        (encode(scene(30, 21)), "is 30x21, not a baseline JPEG of 30x20"),
        (encode(scene(30, 20), progressive=True), "not a baseline JPEG"),
        (encode(scene(30, 20), exif=orient(6)), "contains metadata"),
    ],
)
def test_what_differs_is_rejected(data: bytes, message: str) -> None:
    with pytest.raises(BadOutput, match=message):
        verify_jpeg(data, EXPECTED)
