"""The highest quality whose file is small enough, found in few encodes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagemill.imaging.engine import encode
from imagemill.imaging.engine.quality_search import find_best_quality
from imagemill.imaging.errors import DoesNotFit, ScratchFull
from imagemill.imaging.formats import Format
from imagemill.imaging.spec.pipeline import Output
from imaging.studio import Studio, gradient, noise, open_picture

FORMATS = ["jpeg", "webp", "avif"]


def detailed(studio: Studio) -> str:
    """Save a picture that is neither smooth nor noise, and return its name."""
    return studio.save(noise(40, 30).resize((240, 180)), "in.png").name


@given(
    growth=st.lists(st.integers(0, 3000), min_size=1, max_size=100),
    max_bytes=st.integers(1, 100_000),
)
def test_no_higher_quality_would_have_been_small_enough(growth: list[int], max_bytes: int) -> None:
    sizes = [1 + sum(growth[: quality + 1]) for quality in range(len(growth))]
    tried = []

    def encoded(quality: int) -> bytes:
        tried.append(quality)
        return bytes(sizes[quality - 1])

    small_enough = [size for size in sizes if size <= max_bytes]
    found = find_best_quality(max_bytes, len(sizes), encoded)
    assert len(found) == (small_enough[-1] if small_enough else sizes[0])
    assert len(tried) == len(set(tried))
    assert len(tried) <= 1 + 3 * 7  # every third guess halves what is left of 100


def test_a_file_that_is_small_enough_is_encoded_once() -> None:
    tried = []

    def encoded(quality: int) -> bytes:
        tried.append(quality)
        return bytes(quality)

    assert find_best_quality(80, 80, encoded) == bytes(80)
    assert tried == [80]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("best", [5, 25, 38])
def test_the_file_is_that_of_the_highest_quality_that_fits(
    studio: Studio, format_: str, best: int
) -> None:
    file = studio.inputs / detailed(studio)
    every = [
        studio.render(file, {"format": format_, "quality": quality}).outputs[0]
        for quality in range(1, 41)
    ]
    most = every[best - 1].bytes
    output = studio.render(file, {"format": format_, "quality": 40, "max_bytes": most}).outputs[0]
    assert output.bytes <= most
    # Sizes are nearly, not quite, in the order of quality: one step may be the other way round.
    assert output.bytes >= most * 0.97
    assert output.sha256 in {one.sha256 for one in every}


@pytest.mark.parametrize("format_", FORMATS)
def test_the_default_quality_is_the_highest(studio: Studio, format_: str) -> None:
    file = studio.inputs / detailed(studio)
    plain, roomy = studio.render(
        file,
        {"name": "plain", "format": format_},
        {"name": "roomy", "format": format_, "max_bytes": 10_000_000},
    ).outputs
    assert plain.sha256 == roomy.sha256


@pytest.mark.parametrize("format_", FORMATS)
def test_a_quality_that_is_given_is_the_highest(studio: Studio, format_: str) -> None:
    file = studio.inputs / detailed(studio)
    plain, roomy = studio.render(
        file,
        {"name": "plain", "format": format_, "quality": 30},
        {"name": "roomy", "format": format_, "quality": 30, "max_bytes": 10_000_000},
    ).outputs
    assert plain.sha256 == roomy.sha256


@pytest.mark.parametrize("format_", FORMATS)
def test_the_smallest_file_is_made_when_none_fits(studio: Studio, format_: str) -> None:
    file = studio.inputs / detailed(studio)
    least, tight = studio.render(
        file,
        {"name": "least", "format": format_, "quality": 1},
        {"name": "tight", "format": format_, "max_bytes": 1},
    ).outputs
    assert least.sha256 == tight.sha256


@pytest.mark.parametrize("format_", FORMATS)
def test_few_encodes_are_enough(
    studio: Studio, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = studio.inputs / detailed(studio)
    most = studio.render(file, {"format": format_}).outputs[0].bytes // 2
    tried = []
    real = encode.encode

    def counted(image: object, target: object, output: Output, format_: Format) -> None:
        tried.append(output.quality)
        real(image, target, output, format_)

    monkeypatch.setattr(encode, "encode", counted)
    made = studio.make(file, format=format_, max_bytes=most)
    assert made.size == (240, 180)
    assert len(tried) <= 6  # halving alone needs 7


def test_a_picture_that_is_read_once_can_be_encoded_often(studio: Studio) -> None:
    file = studio.save(noise(200, 200), "in.jpg", quality=90)
    output = studio.render(file, {"width": 150, "max_bytes": 4000}).outputs[0]
    assert output.bytes <= 4000
    assert open_picture(studio.file(output)).size == (150, 150)


def test_an_input_that_makes_a_file_without_quality_does_not_fit(studio: Studio) -> None:
    file = studio.save(gradient(20, 20), "in.png")
    with pytest.raises(DoesNotFit, match=r"image would be png, .* 100 bytes"):
        studio.render(file, {"max_bytes": 100})


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_reported_too(studio: Studio) -> None:
    file = studio.save(noise(800, 800), "in.jpg", quality=95)
    with pytest.raises(ScratchFull, match="no space left"):
        studio.render(file, {"max_bytes": 500_000, "quality": 95})
