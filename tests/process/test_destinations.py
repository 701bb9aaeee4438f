"""Where outputs go, and that none takes the place of another or of an input."""

from pathlib import Path, PurePath

import pytest

from imagemill.imaging.formats import JPEG, PNG
from imagemill.process.destinations import Claims, Naming
from imagemill.process.errors import Misused
from imagemill.process.inputs import Input

CAT = Input(Path("photos/trip/cat.old.jpg"), PurePath("trip"), JPEG)
OUT = Path("out")


def naming(*outputs: dict[str, object]) -> Naming:
    return Naming.of(OUT, {"outputs": list(outputs)})


def test_a_single_output_named_image_has_the_name_of_its_input() -> None:
    assert naming({"format": "webp"}).expected(CAT) == {"image": Path("out/trip/cat.old.webp")}


def test_without_a_format_it_keeps_that_of_its_input() -> None:
    png_named_jpg = Input(CAT.path, CAT.place, PNG)
    assert naming({"width": 5}).expected(png_named_jpg) == {"image": Path("out/trip/cat.old.png")}


def test_any_other_output_adds_its_own_name() -> None:
    two = naming({"name": "image", "format": "jpeg"}, {"name": "thumb", "format": "avif"})
    assert two.expected(CAT) == {
        "image": Path("out/trip/cat.old-image.jpg"),
        "thumb": Path("out/trip/cat.old-thumb.avif"),
    }
    assert naming({"name": "thumb"}).expected(CAT) == {"thumb": Path("out/trip/cat.old-thumb.jpg")}


@pytest.mark.parametrize("malformed", [None, [], {"outputs": 5}, {"outputs": [1]}, {"out": []}])
def test_what_is_malformed_has_no_outputs(malformed: object) -> None:
    assert Naming.of(OUT, malformed).expected(CAT) == {}


def test_a_malformed_format_is_left_to_the_server_to_refuse() -> None:
    assert naming({"format": [1]}).expected(CAT) == {"image": Path("out/trip/cat.old.[1]")}


def test_two_inputs_that_would_become_one_file_are_both_named() -> None:
    png = Input(Path("photos/trip/cat.old.png"), PurePath("trip"), PNG)
    Claims.of(naming({"width": 5}), [CAT, png])
    with pytest.raises(Misused) as caught:
        Claims.of(naming({"format": "webp"}), [CAT, png])
    assert str(caught.value).startswith(
        "photos/trip/cat.old.jpg and photos/trip/cat.old.png would both become"
        " out/trip/cat.old.webp:"
    )


def test_no_output_replaces_an_input() -> None:
    with pytest.raises(Misused, match=r"cat\.old\.jpg would be replaced by the output of"):
        Claims.of(Naming.of(Path("photos"), {"outputs": [{"width": 5}]}), [CAT])


def test_a_format_that_nobody_foresaw_takes_no_others_place() -> None:
    other = Input(Path("photos/trip/cat.old"), PurePath("trip"), PNG)
    claims = Claims.of(naming({"width": 5}), [CAT])
    claims.claim(OUT / "trip" / "cat.old.jpg", CAT.path)
    with pytest.raises(Misused, match="would both become"):
        claims.claim(OUT / "trip" / "cat.old.jpg", other.path)
