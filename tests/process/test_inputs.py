"""Input files that a command line names."""

import os
import sys
from pathlib import Path

import pytest

from imagemill.process.inputs import FoundInputs, find_inputs
from support.pictures import picture

OUT = Path("nowhere")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with an image at each of two levels, one with a false suffix, and a text file."""
    photos = tmp_path / "photos"
    (photos / "trip").mkdir(parents=True)
    (photos / "cat.jpg").write_bytes(picture())
    (photos / "notes.jpg").write_text("not an image", encoding="utf-8")
    (photos / "trip" / "dog.txt").write_bytes(picture(format_="PNG"))
    return photos


def names_and_subfolders(found: FoundInputs) -> list[tuple[str, str]]:
    return [(source.path.name, str(source.subfolder)) for source in found.inputs]


def test_a_folder_stands_for_the_images_in_it_whatever_their_names(photos: Path) -> None:
    found = find_inputs([photos], OUT)
    assert names_and_subfolders(found) == [("cat.jpg", "."), ("dog.txt", "trip")]
    assert [source.format.name for source in found.inputs] == ["jpeg", "png"]
    assert found.ignored == [(photos / "notes.jpg", "not an image")]
    assert found.failed == []


def test_a_file_argument_that_is_no_image_has_failed(photos: Path) -> None:
    found = find_inputs([photos / "notes.jpg", photos / "cat.jpg"], OUT)
    assert names_and_subfolders(found) == [("cat.jpg", ".")]
    ((path, error),) = found.failed
    assert (path, error.code) == (photos / "notes.jpg", "unsupported_format")
    assert found.ignored == []


def test_a_file_named_twice_is_found_once(photos: Path) -> None:
    found = find_inputs([photos, photos / "cat.jpg", photos / "trip" / ".." / "cat.jpg"], OUT)
    assert names_and_subfolders(found) == [("cat.jpg", "."), ("dog.txt", "trip")]


def test_the_output_folder_is_not_searched(photos: Path) -> None:
    found = find_inputs([photos], photos / "trip" / ".." / "trip")
    assert names_and_subfolders(found) == [("cat.jpg", ".")]


def test_a_link_to_a_folder_is_ignored_and_one_to_a_file_is_followed(photos: Path) -> None:
    (photos / "trip" / "up").symlink_to(photos)
    (photos / "trip" / "same.jpg").symlink_to(photos / "cat.jpg")
    found = find_inputs([photos], OUT)
    assert names_and_subfolders(found) == [
        ("cat.jpg", "."),
        ("dog.txt", "trip"),
        ("same.jpg", "trip"),
    ]
    assert (photos / "trip" / "up", "a link to a folder") in found.ignored


def test_a_pipe_is_not_waited_for(photos: Path) -> None:
    os.mkfifo(photos / "pipe")
    assert (photos / "pipe", "not an image") in find_inputs([photos], OUT).ignored


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that nobody can read")
def test_a_file_that_cannot_be_read_has_failed(photos: Path) -> None:
    (photos / "damaged.jpg").symlink_to("/proc/self/mem")
    ((path, error),) = find_inputs([photos], OUT).failed
    assert (path, error.code) == (photos / "damaged.jpg", "unreadable")
    assert str(error) == "The file cannot be read: Input/output error."
