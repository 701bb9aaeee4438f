"""`imagemill process --server`: real files through a real gateway and worker."""

import json
from pathlib import Path

import httpx
import pytest
from PIL import Image

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


def test_a_folder_comes_out_as_it_went_in(mill: str, photos: Path, tmp_path: Path) -> None:
    (photos / "notes.txt").write_text("not a picture", encoding="utf-8")
    run = process(photos, "--out", tmp_path / "out", "--width", "32", "--server", mill)
    assert run.status == 0, run.err
    assert files_in(tmp_path / "out") == ["cat.jpg", "trip/day/[red] dög.png"]
    with Image.open(tmp_path / "out" / "cat.jpg") as cat:
        assert (cat.format, cat.size) == ("JPEG", (32, 24))
    assert "[red] dög.png (" in run.out
    assert run.out.splitlines()[-1].startswith("2 files, 2 done, 1 left out (no pictures), ")
    assert run.err == ""


def test_a_failed_file_fails_the_run_and_no_other_file(
    mill: str, photos: Path, tmp_path: Path
) -> None:
    (photos / "broken.jpg").write_bytes(picture(400, 300)[:2000])
    run = process(photos, "--out", tmp_path / "out", "--server", mill)
    assert run.status == 1
    assert files_in(tmp_path / "out") == ["cat.webp", "trip/day/[red] dög.webp"]
    (failure,) = run.err.splitlines()
    assert failure.startswith(f"{photos / 'broken.jpg'}: invalid_image: ")
    assert "3 files, 2 done, 1 failed, " in run.out


def test_a_named_file_that_is_no_picture_fails_without_being_sent(
    mill: str, tmp_path: Path
) -> None:
    before = httpx.get(f"{mill}/jobs").json()["jobs"]
    (tmp_path / "notes.jpg").write_text("not a picture", encoding="utf-8")
    run = process(tmp_path / "notes.jpg", "--out", tmp_path / "out", "--server", mill)
    assert run.status == 1
    assert "notes.jpg: unsupported_format: The first bytes are those of no format" in run.err
    assert httpx.get(f"{mill}/jobs").json()["jobs"] == before


def test_json_tells_a_program_all_of_each_file(mill: str, photos: Path, tmp_path: Path) -> None:
    (photos / "notes.jpg").write_text("not a picture", encoding="utf-8")
    (tmp_path / "wanted.json").write_text(json.dumps(PIPELINE), encoding="utf-8")
    files = (photos / "cat.jpg", photos / "notes.jpg")
    wanted = ("--pipeline", f"@{tmp_path / 'wanted.json'}")
    run = process(*files, "--out", tmp_path / "out", *wanted, "--json", "--server", mill)
    assert run.status == 1
    told = run.json_by_name()
    assert (told["notes.jpg"]["status"], told["notes.jpg"]["error"]["code"]) == (
        "failed",
        "unsupported_format",
    )
    cat = told["cat.jpg"]
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
    assert httpx.get(f"{mill}/jobs/{cat['job_id']}").json()["status"] == "COMPLETED"


def test_a_job_that_failed_can_be_looked_up(mill: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(picture(400, 300)[:2000])
    run = process(broken, "--out", tmp_path / "out", "--json", "--server", mill)
    told = run.json_by_name()["broken.jpg"]
    job = httpx.get(f"{mill}/jobs/{told['job_id']}").json()
    assert (told["status"], told["bytes"], told["outputs"]) == ("failed", 2000, [])
    assert told["error"] == job["error"]


def test_the_fields_arrive_as_a_form_would_carry_them(
    mill: str, photos: Path, tmp_path: Path
) -> None:
    run = process(
        *(photos / "cat.jpg", "--out", tmp_path, "--server", mill, "--json"),
        *("--name", "123", "--width", "20", "--grayscale", "--no-auto-orient", "--trim", "5"),
        *("--crop", '{"left": 1, "top": 2, "width": 30, "height": 20}', "--position", "center"),
        *("--max-bytes", "9000", "--format", "webp", "--background", "#123"),
    )
    job = httpx.get(f"{mill}/jobs/{run.json_by_name()['cat.jpg']['job_id']}").json()
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


def test_what_exists_is_skipped_unless_it_is_to_be_overwritten(
    mill: str, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "cat.webp").write_bytes(b"mine")
    asked = (photos, "--out", out, "--server", mill)
    first = process(*asked)
    assert first.status == 0
    assert "2 files, 1 done, 1 skipped (their outputs exist), " in first.out
    assert (out / "cat.webp").read_bytes() == b"mine"
    assert process(*asked).out.splitlines()[-1].startswith("2 files, 0 done, 2 skipped")
    assert process(*asked, "--overwrite").status == 0
    assert (out / "cat.webp").read_bytes() != b"mine"


def test_of_several_outputs_only_the_missing_ones_are_written(
    mill: str, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "cat-large.jpg").write_bytes(b"mine")
    wanted = ("--pipeline", json.dumps(PIPELINE))
    run = process(photos / "cat.jpg", "--out", out, *wanted, "--server", mill)
    assert run.status == 0
    assert files_in(out) == ["cat-large.jpg", "cat-small.png"]
    assert (out / "cat-large.jpg").read_bytes() == b"mine"


def test_wrong_fields_are_told_by_their_options(mill: str, photos: Path, tmp_path: Path) -> None:
    run = process(
        *(photos, "--out", tmp_path / "out", "--server", mill),
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
        (["--key", "a\nb"], "--key: holds characters that no header can carry."),
    ],
)
def test_what_cannot_be_asked_is_told_once_and_nothing_is_written(
    arguments: list[str], sentence: str, mill: str, photos: Path, tmp_path: Path
) -> None:
    run = process(photos, "--out", tmp_path / "out", "--server", mill, *arguments)
    assert run.status == 2
    assert run.err.startswith(f"imagemill: {sentence}")
    assert run.err.count("\n") == 1
    assert files_in(tmp_path / "out") == []


def test_files_that_would_become_one_are_refused_before_anything_is_sent(
    mill: str, photos: Path, tmp_path: Path
) -> None:
    (photos / "cat.png").write_bytes(picture(format_="PNG"))
    before = httpx.get(f"{mill}/jobs").json()["jobs"]
    run = process(photos, "--out", tmp_path / "out", "--preset", "thumbnail", "--server", mill)
    assert run.status == 2
    assert f"{photos / 'cat.jpg'} and {photos / 'cat.png'} would both become" in run.err
    assert httpx.get(f"{mill}/jobs").json()["jobs"] == before


def test_quiet_tells_of_nothing_but_failures(mill: str, photos: Path, tmp_path: Path) -> None:
    (photos / "broken.jpg").write_bytes(picture(400, 300)[:2000])
    run = process(photos, "--out", tmp_path / "out", "--quiet", "--server", mill)
    assert (run.status, run.out) == (1, "")
    assert run.err.count("\n") == 1
