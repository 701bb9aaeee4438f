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


def outputs(naming: OutputNaming, *sources: Input) -> list[str]:
    told_apart = naming.tell_apart(sources)
    paths = [told_apart.expected_paths(source).values() for source in sources]
    return [path.name for each in paths for path in each]


def jpeg(name: str, folder: str = "photos/trip") -> Input:
    return Input(Path(folder) / name, PurePath("trip"), JPEG)


def test_inputs_that_would_become_the_same_file_keep_their_suffixes() -> None:
    webp, png = naming({"format": "webp"}), Input(Path("photos/cat.png"), PurePath("trip"), PNG)
    assert outputs(webp, jpeg("cat.jpg"), png, jpeg("dog.jpg")) == [
        "cat.jpg.webp",
        "cat.png.webp",
        "dog.webp",
    ]
    assert outputs(naming({"width": 5}), jpeg("cat.jpg"), png) == ["cat.jpg", "cat.png"]
    thumb = naming({"name": "thumb", "format": "webp"})
    assert outputs(thumb, jpeg("cat.jpg"), png) == ["cat.jpg-thumb.webp", "cat.png-thumb.webp"]


def test_an_input_that_is_named_as_another_with_its_suffix_keeps_its_own_too() -> None:
    sources = [jpeg(name) for name in ("cat.jpg", "cat.jpeg", "cat.jpg.jpg")]
    assert outputs(naming({"format": "webp"}), *sources) == [
        "cat.jpg.webp",
        "cat.jpeg.webp",
        "cat.jpg.jpg.webp",
    ]


def test_files_of_one_name_from_two_folders_are_both_named() -> None:
    sources = [jpeg("cat.jpg"), jpeg("cat.jpg", "others")]
    with pytest.raises(UsageError) as caught:
        Reservations.of_inputs(naming({"format": "webp"}).tell_apart(sources), sources)
    assert str(caught.value).startswith(
        "photos/trip/cat.jpg and others/cat.jpg would both become out/trip/cat.jpg.webp:"
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
