"""Paths of the outputs: no output replaces another or an input."""

from pathlib import Path, PurePath

import pytest

from imagemill.imaging.formats import JPEG, PNG
from imagemill.process.destinations import OutputNaming, Reservations
from imagemill.process.errors import UsageError
from imagemill.process.inputs import Input

CAT = Input(Path("photos/trip/cat.old.jpg"), PurePath("trip"), JPEG)
OUT = Path("out")


def naming(*outputs: dict[str, object]) -> OutputNaming:
    return OutputNaming.of_pipeline(OUT, {"outputs": list(outputs)})


def test_a_single_output_named_image_has_the_name_of_its_input() -> None:
    assert naming({"format": "webp"}).expected_paths(CAT) == {
        "image": Path("out/trip/cat.old.webp")
    }


def test_without_a_format_an_output_keeps_the_format_of_its_input() -> None:
    png_named_jpg = Input(CAT.path, CAT.subfolder, PNG)
    assert naming({"width": 5}).expected_paths(png_named_jpg) == {
        "image": Path("out/trip/cat.old.png")
    }


def test_any_other_output_has_its_own_name_added() -> None:
    two = naming({"name": "image", "format": "jpeg"}, {"name": "thumb", "format": "avif"})
    assert two.expected_paths(CAT) == {
        "image": Path("out/trip/cat.old-image.jpg"),
        "thumb": Path("out/trip/cat.old-thumb.avif"),
    }
    assert naming({"name": "thumb"}).expected_paths(CAT) == {
        "thumb": Path("out/trip/cat.old-thumb.jpg")
    }


@pytest.mark.parametrize("malformed", [None, [], {"outputs": 5}, {"outputs": [1]}, {"out": []}])
def test_a_malformed_pipeline_has_no_outputs(malformed: object) -> None:
    assert OutputNaming.of_pipeline(OUT, malformed).expected_paths(CAT) == {}


def test_a_malformed_format_is_left_to_the_server_to_reject() -> None:
    assert naming({"format": [1]}).expected_paths(CAT) == {"image": Path("out/trip/cat.old.[1]")}


def test_two_inputs_with_the_same_output_path_are_both_named() -> None:
    png = Input(Path("photos/trip/cat.old.png"), PurePath("trip"), PNG)
    Reservations.of_inputs(naming({"width": 5}), [CAT, png])
    with pytest.raises(UsageError) as caught:
        Reservations.of_inputs(naming({"format": "webp"}), [CAT, png])
    assert str(caught.value).startswith(
        "photos/trip/cat.old.jpg and photos/trip/cat.old.png would both become"
        " out/trip/cat.old.webp:"
    )


def test_no_output_replaces_an_input() -> None:
    with pytest.raises(UsageError, match=r"cat\.old\.jpg would be replaced by the output of"):
        Reservations.of_inputs(
            OutputNaming.of_pipeline(Path("photos"), {"outputs": [{"width": 5}]}), [CAT]
        )


def test_an_unforeseen_format_replaces_no_other_output() -> None:
    other = Input(Path("photos/trip/cat.old"), PurePath("trip"), PNG)
    reservations = Reservations.of_inputs(naming({"width": 5}), [CAT])
    reservations.reserve(OUT / "trip" / "cat.old.jpg", CAT.path)
    with pytest.raises(UsageError, match="would both become"):
        reservations.reserve(OUT / "trip" / "cat.old.jpg", other.path)
