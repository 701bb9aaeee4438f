"""What XMP says of a gain map is removed, and the rest of the packet is kept."""

import pytest
from PIL import Image

from imagemill.imaging.metadata.gain_map_xmp import remove_gain_map
from imaging.gain_maps import ANNOUNCES, HDRGM, directory, packet, save_ultra_hdr
from imaging.studio import Studio, gradient

APPLE = 'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/"'
RIGHTS = 'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="kept"'


@pytest.mark.parametrize(
    ("attributes", "content"),
    [
        (f'{HDRGM} hdrgm:Version="1.0" {RIGHTS}', ""),
        (f"{ANNOUNCES} {RIGHTS}", directory(100)),
        (
            f"{HDRGM} {RIGHTS}",
            "<hdrgm:GainMapMax><rdf:Seq><rdf:li>1</rdf:li></rdf:Seq></hdrgm:GainMapMax>",
        ),
        (f'{APPLE} HDRGainMap:HDRGainMapVersion="65536" {RIGHTS}', ""),
        (f"{APPLE} {RIGHTS}", "<HDRGainMap:HDRGainMapVersion>65536</HDRGainMap:HDRGainMapVersion>"),
        (f"{HDRGM.replace('hdrgm', 'a')} {RIGHTS}", '<a:Version>1.0</a:Version><a:Empty x="y"/>'),
    ],
)
def test_a_gain_map_is_removed_and_the_rest_is_kept(attributes: str, content: str) -> None:
    left = remove_gain_map(packet(attributes, content))
    assert b'dc:format="kept"' in left
    assert not any(sign in left for sign in (b"hdrgm", b"GainMap", b"hdr-gain-map"))


@pytest.mark.parametrize(
    "whole",
    [
        packet(RIGHTS, "<dc:description>a GainMap</dc:description>"),
        packet(f"{HDRGM} {RIGHTS}", "<hdrgm:Version>")[:-40],
        packet(f'{HDRGM} hdrgm:Version="1.0"').decode().encode("utf-16"),
    ],
)
def test_a_packet_that_still_speaks_of_one_is_dropped(whole: bytes) -> None:
    assert remove_gain_map(whole) == b""


def test_another_packet_stays_as_it_is() -> None:
    whole = packet(RIGHTS)
    assert remove_gain_map(whole) == whole


@pytest.mark.parametrize("format_", ["jpeg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("keep_metadata", ["none", "icc", "copyright", "all"])
def test_an_output_says_nothing_of_a_gain_map(
    studio: Studio, format_: str, keep_metadata: str
) -> None:
    gain = Image.linear_gradient("L").resize((16, 12))
    file = save_ultra_hdr(studio.inputs / "in.jpg", gradient(64, 48), gain, more=RIGHTS)
    made = studio.render(file, {"format": format_, "keep_metadata": keep_metadata}).outputs[0]
    data = studio.file(made).read_bytes()
    assert not any(sign in data for sign in (b"hdrgm", b"GainMap", b"MPF\0", b"21496"))
    assert (b'dc:format="kept"' in data) == (keep_metadata == "all")
