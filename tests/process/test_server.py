"""`imagemill process --server` with a real gateway and worker."""

import json
from pathlib import Path

import httpx
import pytest
from PIL import Image

from imaging.camera_raws import dng
from support.pictures import picture

from .cli import files_in, process

PIPELINE = {
    "outputs": [
        {"name": "large", "width": 40},
        {"name": "small", "width": 10, "format": "png"},
    ],
    "analyze": ["dominant_color"],
}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    (photos / "trip" / "day").mkdir(parents=True)
    (photos / "cat.jpg").write_bytes(picture())
    (photos / "trip" / "day" / "[red] dög.png").write_bytes(picture(format_="PNG"))
    return photos


def test_a_folder_keeps_its_structure(server_url: str, photos: Path, tmp_path: Path) -> None:
    (photos / "notes.txt").write_text("not an image", encoding="utf-8")
    run = process(photos, "--out", tmp_path / "out", "--width", "32", "--server", server_url)
    assert run.status == 0, run.err
    assert files_in(tmp_path / "out") == ["cat.jpg", "trip/day/[red] dög.png"]
    with Image.open(tmp_path / "out" / "cat.jpg") as cat:
        assert (cat.format, cat.size) == ("JPEG", (32, 24))
    assert "[red] dög.png (" in run.out
    assert f"{photos / 'notes.txt'}: ignored (not an image)" in run.out.splitlines()
    assert run.out.splitlines()[-1].startswith("2 files, 2 done, 1 ignored, ")
    assert run.err == ""


def test_a_failed_file_fails_the_run_and_no_other_file(
    server_url: str, photos: Path, tmp_path: Path
) -> None:
    (photos / "broken.jpg").write_bytes(picture(400, 300)[:2000])
    run = process(photos, "--out", tmp_path / "out", "--server", server_url)
    assert run.status == 1
    assert files_in(tmp_path / "out") == ["cat.webp", "trip/day/[red] dög.webp"]
    (failure,) = run.err.splitlines()
    assert failure.startswith(f"{photos / 'broken.jpg'}: invalid_image: ")
    assert "3 files, 2 done, 1 failed, " in run.out


def test_a_file_argument_that_is_no_image_fails_without_being_sent(
    server_url: str, tmp_path: Path
) -> None:
    before = httpx.get(f"{server_url}/jobs", timeout=30).json()["jobs"]
    (tmp_path / "notes.jpg").write_text("not an image", encoding="utf-8")
    run = process(tmp_path / "notes.jpg", "--out", tmp_path / "out", "--server", server_url)
    assert run.status == 1
    assert "notes.jpg: unsupported_format: The file has none of the supported formats" in run.err
    assert httpx.get(f"{server_url}/jobs", timeout=30).json()["jobs"] == before


def test_a_camera_raw_fails_by_its_name_without_being_sent(
    server_url: str, photos: Path, tmp_path: Path
) -> None:
    (photos / "cat.dng").write_bytes(dng())
    run = process(photos, "--out", tmp_path / "out", "--server", server_url)
    assert run.status == 1
    assert "cat.dng: unsupported_format: The file is a camera RAW (DNG)" in run.err
    assert "3 files, 2 done, 1 failed, " in run.out


def test_json_has_everything_about_each_file(server_url: str, photos: Path, tmp_path: Path) -> None:
    (photos / "notes.jpg").write_text("not an image", encoding="utf-8")
    (tmp_path / "pipeline.json").write_text(json.dumps(PIPELINE), encoding="utf-8")
    files = (photos / "cat.jpg", photos / "notes.jpg")
    option = ("--pipeline", f"@{tmp_path / 'pipeline.json'}")
    run = process(*files, "--out", tmp_path / "out", *option, "--json", "--server", server_url)
    assert run.status == 1
    lines = run.json_by_name()
    assert (lines["notes.jpg"]["status"], lines["notes.jpg"]["error"]["code"]) == (
        "failed",
        "unsupported_format",
    )
    cat = lines["cat.jpg"]
    assert (cat["status"], cat["bytes"], cat["error"]) == ("done", len(picture()), None)
    assert cat["analysis"]["dominant_color"].startswith("#")
    assert [(one["name"], Path(one["path"]).name) for one in cat["outputs"]] == [
        ("large", "cat-large.jpg"),
        ("small", "cat-small.png"),
    ]
    for one in cat["outputs"]:
        assert Path(one["path"]).stat().st_size == one["bytes"]
        with Image.open(one["path"]) as output:
            assert output.size == (one["width"], one["height"])
    assert "2 files, 1 done, 1 failed" in run.err
    assert (
        httpx.get(f"{server_url}/jobs/{cat['job_id']}", timeout=30).json()["status"] == "COMPLETED"
    )


def test_the_job_id_of_a_failed_file_is_reported(server_url: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(picture(400, 300)[:2000])
    run = process(broken, "--out", tmp_path / "out", "--json", "--server", server_url)
    lines = run.json_by_name()["broken.jpg"]
    job = httpx.get(f"{server_url}/jobs/{lines['job_id']}", timeout=30).json()
    assert (lines["status"], lines["bytes"], lines["outputs"]) == ("failed", 2000, [])
    assert lines["error"] == job["error"]


def test_the_options_arrive_as_form_fields(server_url: str, photos: Path, tmp_path: Path) -> None:
    run = process(
        *(photos / "cat.jpg", "--out", tmp_path, "--server", server_url, "--json"),
        *("--name", "123", "--width", "20", "--grayscale", "--no-auto-orient", "--trim", "5"),
        *("--crop", '{"left": 1, "top": 2, "width": 30, "height": 20}', "--position", "center"),
        *("--max-bytes", "9000", "--format", "webp", "--background", "#123"),
    )
    job = httpx.get(
        f"{server_url}/jobs/{run.json_by_name()['cat.jpg']['job_id']}", timeout=30
    ).json()
    assert job["pipeline"]["outputs"] == [
        {
            "name": "123",
            "width": 20,
            "grayscale": True,
            "auto_orient": False,
            "trim": 5,
            "crop": {"left": 1, "top": 2, "width": 30, "height": 20},
            "position": "center",
            "max_bytes": 9000,
            "format": "webp",
            "background": "#123",
        }
    ]


def test_existing_outputs_are_skipped_unless_overwrite_is_given(
    server_url: str, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "cat.webp").write_bytes(b"mine")
    arguments = (photos, "--out", out, "--server", server_url)
    first = process(*arguments)
    assert first.status == 0
    assert "2 files, 1 done, 1 skipped (their outputs exist), " in first.out
    assert (out / "cat.webp").read_bytes() == b"mine"
    assert process(*arguments).out.splitlines()[-1].startswith("2 files, 0 done, 2 skipped")
    assert process(*arguments, "--overwrite").status == 0
    assert (out / "cat.webp").read_bytes() != b"mine"


def test_of_several_outputs_only_the_missing_ones_are_written(
    server_url: str, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "cat-large.jpg").write_bytes(b"mine")
    option = ("--pipeline", json.dumps(PIPELINE))
    run = process(photos / "cat.jpg", "--out", out, *option, "--server", server_url)
    assert run.status == 0
    assert files_in(out) == ["cat-large.jpg", "cat-small.png"]
    assert (out / "cat-large.jpg").read_bytes() == b"mine"


def test_wrong_fields_are_reported_by_their_options(
    server_url: str, photos: Path, tmp_path: Path
) -> None:
    run = process(
        *(photos, "--out", tmp_path / "out", "--server", server_url),
        *("--max-bytes", "0", "--crop", '{"left": 0, "top": 0, "width": 0, "height": 1}'),
    )
    assert run.status == 2
    assert run.err.splitlines() == [
        "imagemill: --crop width: Input should be greater than or equal to 1",
        "imagemill: --max-bytes: Input should be greater than or equal to 1",
    ]
    assert (run.out, files_in(tmp_path / "out")) == ("", [])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--preset", "nobody"], "--preset: 'nobody' is not one of default, thumbnail"),
        (["--preset", "thumbnail", "--width", "5"], "--preset: cannot be combined with 'width'"),
        (["--pipeline", "{", "--width", "5"], "--pipeline: cannot be combined with 'width'"),
        (["--pipeline", '{"outputs": [{"width": 0}]}'], "--pipeline, /outputs/0/width: Input"),
        (["--pipeline", "{"], "--pipeline: is not JSON: "),
        (["--pipeline", "@nowhere.json"], "--pipeline: nowhere.json cannot be read: No such file"),
        (["--key", "a\nb"], "--key: contains characters that an HTTP header cannot carry."),
    ],
)
def test_wrong_options_are_reported_once_and_nothing_is_written(
    arguments: list[str], sentence: str, server_url: str, photos: Path, tmp_path: Path
) -> None:
    run = process(photos, "--out", tmp_path / "out", "--server", server_url, *arguments)
    assert run.status == 2
    assert run.err.startswith(f"imagemill: {sentence}")
    assert run.err.count("\n") == 1
    assert files_in(tmp_path / "out") == []


def test_two_pictures_of_one_stem_keep_their_suffixes_and_the_next_run_skips_both(
    server_url: str, photos: Path, tmp_path: Path
) -> None:
    (photos / "cat.png").write_bytes(picture(format_="PNG"))
    arguments = (photos, "--out", tmp_path / "out", "--preset", "thumbnail")
    run = process(*arguments, "--server", server_url)
    assert run.status == 0, run.err
    assert files_in(tmp_path / "out") == [
        "cat.jpg.webp",
        "cat.png.webp",
        "trip/day/[red] dög.webp",
    ]
    again = process(*arguments, "--server", server_url)
    assert again.out.splitlines()[-1].startswith("3 files, 0 done, 3 skipped ")


def test_files_of_one_name_are_rejected_before_anything_is_sent(
    server_url: str, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "cat.jpg").write_bytes(picture())
    before = httpx.get(f"{server_url}/jobs", timeout=30).json()["jobs"]
    run = process(photos, tmp_path / "cat.jpg", "--out", tmp_path / "out", "--server", server_url)
    assert run.status == 2
    assert f"{photos / 'cat.jpg'} and {tmp_path / 'cat.jpg'} would both become" in run.err
    assert httpx.get(f"{server_url}/jobs", timeout=30).json()["jobs"] == before


def test_json_names_what_was_ignored_without_control_characters(
    server_url: str, photos: Path, tmp_path: Path
) -> None:
    hostile = photos / "\x1b]0;owned\x07.txt"
    hostile.write_text("not an image", encoding="utf-8")
    arguments = (photos, "--out", tmp_path / "out", "--server", server_url)
    plain, as_json = process(*arguments), process(*arguments, "--json")
    assert r"\x1b]0;owned\x07.txt: ignored (not an image)" in plain.out
    assert "\x1b" not in plain.out + plain.err + as_json.out + as_json.err
    line = as_json.json_by_name()[hostile.name]
    assert (line["status"], line["reason"]) == ("ignored", "not an image")


def test_quiet_shows_only_failures(server_url: str, photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_bytes(picture(400, 300)[:2000])
    run = process(photos, "--out", tmp_path / "out", "--quiet", "--server", server_url)
    assert (run.status, run.out) == (1, "")
    assert run.err.count("\n") == 1
