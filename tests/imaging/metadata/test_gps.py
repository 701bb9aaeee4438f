"""An output with a position that it must not have is rejected, whatever the cause."""

from pathlib import Path

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from imagemill.imaging.engine import render as engine
from imagemill.imaging.engine.encode import write
from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.engine.timing import Timing
from imagemill.imaging.engine.verify import BadOutput, ExpectedOutput, verify_output
from imagemill.imaging.formats import FORMATS, FormatName
from imagemill.imaging.result import WrittenOutput
from imagemill.imaging.spec.plain import Output, replace
from imaging.metadata_samples import FORMATS_WITH_METADATA, save_with_metadata
from imaging.studio import Studio, noise


def verify(file: Path, format_: FormatName, *, may_have_position: bool = False) -> WrittenOutput:
    """Have a file of 24x16 pixels looked at as if it were an output."""
    expected = ExpectedOutput(
        "image", FORMATS[format_], Size(24, 16), 1, Timing((), 1), may_have_position
    )
    return verify_output(file.read_bytes(), expected)


@pytest.mark.parametrize("format_", FORMATS_WITH_METADATA)
def test_a_file_with_a_position_is_rejected(tmp_path: Path, format_: FormatName) -> None:
    file = save_with_metadata(tmp_path, format_)
    with pytest.raises(BadOutput, match="image contains the position"):
        verify(file, format_)


@pytest.mark.parametrize("format_", FORMATS_WITH_METADATA)
def test_a_position_is_accepted_if_it_is_to_be_kept(tmp_path: Path, format_: FormatName) -> None:
    file = save_with_metadata(tmp_path, format_)
    assert verify(file, format_, may_have_position=True).width == 24


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "avif"])
def test_a_position_in_exif_alone_is_found(tmp_path: Path, format_: FormatName) -> None:
    exif = Image.Exif()
    exif.get_ifd(IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0)})
    file = tmp_path / f"in.{format_}"
    noise(24, 16).save(file, exif=exif.tobytes())
    with pytest.raises(BadOutput, match="contains the position"):
        verify(file, format_)


def test_a_position_among_the_tags_of_a_tiff_is_found(tmp_path: Path) -> None:
    tags = ImageFileDirectory_v2()
    tags[Base.GPSInfo] = {1: "N", 2: (52.0, 31.0, 12.0)}
    file = tmp_path / "in.tiff"
    noise(24, 16).save(file, tiffinfo=tags)
    with pytest.raises(BadOutput, match="contains the position"):
        verify(file, "tiff")


GPS = 'xmlns:exif="http://ns.adobe.com/exif/1.0/"'
PACKETS = {
    "an attribute": f'<x {GPS} exif:GPSLatitude="52,31N"/>',
    "an element": f"<x {GPS}><exif:GPSAltitude>34</exif:GPSAltitude></x>",
    "another prefix": '<x xmlns:e="http://ns.adobe.com/exif/1.0/" e:GPSLongitude="13E"/>',
    "what cannot be read": "<x",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("packet", PACKETS.values(), ids=PACKETS)
def test_a_position_in_xmp_alone_is_found(tmp_path: Path, packet: str, encoding: str) -> None:
    file = tmp_path / "in.webp"
    noise(24, 16).save(file, xmp=packet.encode(encoding))
    with pytest.raises(BadOutput, match="contains the position"):
        verify(file, "webp")


def test_a_text_that_begins_with_gps_is_no_position(tmp_path: Path) -> None:
    dc = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    file = tmp_path / "in.webp"
    noise(24, 16).save(file, xmp=f"<x {dc}><dc:rights>GPSLatitude Inc.</dc:rights></x>".encode())
    assert verify(file, "webp").width == 24


@pytest.mark.parametrize("keep", ["none", "icc", "copyright"])
def test_every_output_is_verified(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, keep: str
) -> None:
    """A slip of the encoders is caught before anyone sees the file."""

    def forgetful(
        image: object, file: int, output: Output, format_: object, *gain_map: object, **more: object
    ) -> object:
        all_of_it = replace(output, keep_metadata="all")
        return write(image, file, all_of_it, format_, *gain_map, **more)  # type: ignore[arg-type]  # passed on as they come

    monkeypatch.setattr(engine, "write", forgetful)
    file = save_with_metadata(studio.inputs, "webp")
    with pytest.raises(BadOutput, match="contains the position"):
        studio.render(file, {"keep_metadata": keep})
