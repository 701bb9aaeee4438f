"""Images for watermarks: those of one folder, and of nowhere else."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from imagemill.settings.addresses import PostgresAddress
from imaging.fonts import write_font
from support.client import client_of
from support.pictures import picture
from support.process import running_api
from support.servers import count_jobs
from support.uploads import form


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assets")
    (folder / "logo.png").write_bytes(picture(format_="PNG"))
    write_font(folder, {"\u05d0": 1.0})
    (folder / ".hidden.png").write_bytes(picture(format_="PNG"))
    (folder / "notes.txt").write_text("no picture")
    (folder / "2026.png").write_bytes(picture(format_="PNG"))
    (folder / "folder").mkdir()
    (folder / "out.png").symlink_to(picture_beside(folder))
    return folder


def picture_beside(folder: Path) -> Path:
    file = folder.with_name("outside.png")
    file.write_bytes(picture(format_="PNG"))
    return file


@pytest.fixture(scope="module")
def client(
    addresses: dict[str, str], assets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A gateway that has a folder of images."""
    folder = tmp_path_factory.mktemp("gateway")
    presets = folder / "presets.toml"
    presets.write_text(
        "[branded]\noutputs = [{ watermark = { image = 'logo.png' } }]\n"
        "[dated]\noutputs = [{ watermark = { image = '2026.png' } }]\n"
    )
    environment = addresses | {
        "STORAGE_URL": (folder / "storage").as_uri(),
        "ASSETS_DIR": str(assets),
        "PRESETS_FILE": str(presets),
    }
    with (
        running_api(environment, folder / "api.log") as (_, url),
        client_of(url, timeout=30) as client,
    ):
        yield client


def image(name: str) -> str:
    return json.dumps({"image": name})


def test_an_image_of_the_folder_is_taken(client: httpx.Client) -> None:
    answer = client.post("/upload", **form(watermark=image("logo.png")))
    assert answer.status_code == httpx.codes.ACCEPTED
    assert answer.json()["pipeline"]["outputs"] == [
        {"name": "image", "watermark": {"image": "logo.png"}}
    ]


@pytest.mark.parametrize(
    "name",
    [
        "none.png",
        "notes.txt",
        "folder",
        "out.png",
        "../outside.png",
        "../assets/logo.png",
        "./logo.png",
        "/etc/hostname",
        ".hidden.png",
        "..",
        "logo.png\0",
        "logo.png/",
        "x" * 255,
        "ü" * 200,
    ],
)
def test_any_other_is_refused_and_named(
    name: str, client: httpx.Client, postgres_address: PostgresAddress
) -> None:
    answer = client.post("/upload", **form(watermark=image(name)))
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/outputs/0/watermark/image"
    assert "/" not in error["detail"]
    assert count_jobs(postgres_address) == 0


def test_every_output_at_fault_is_named(client: httpx.Client) -> None:
    outputs = [
        {"name": name, "watermark": {"image": f"{name}.png"}} for name in ("one", "logo", "two")
    ]
    answer = client.post("/upload", **form(pipeline=json.dumps({"outputs": outputs})))
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/outputs/0/watermark/image",
        "/outputs/2/watermark/image",
    ]


def test_an_image_that_is_added_later_is_taken_too(client: httpx.Client, assets: Path) -> None:
    (assets / "new.png").write_bytes(picture(format_="PNG"))
    answer = client.post("/upload", **form(watermark=image("new.png")))
    assert answer.status_code == httpx.codes.ACCEPTED


def test_a_preset_may_name_an_image_as_long_as_it_is_there(
    client: httpx.Client, assets: Path
) -> None:
    assert client.post("/upload", **form(preset="branded")).is_success
    (assets / "2026.png").unlink()
    answer = client.post("/upload", **form(preset="dated"))
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert "'2026.png'" in answer.json()["detail"]


def test_without_a_folder_the_answer_says_so(api: httpx.Client) -> None:
    answer = api.post("/upload", **form(watermark=image("logo.png")))
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert answer.json()["errors"] == [
        {
            "pointer": "/outputs/0/watermark/image",
            "detail": "There is no image 'logo.png': no folder of images is set (ASSETS_DIR).",
        }
    ]
    assert api.post("/upload", **form(watermark='{"text": "<b>"}')).is_success


def test_a_text_is_drawn_only_with_characters_that_a_font_has(client: httpx.Client) -> None:
    refused = client.post("/upload", **form(watermark=json.dumps({"text": "Jane \u05d0\u5c71"})))
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    (error,) = refused.json()["errors"]
    assert error["pointer"] == "/outputs/0/watermark/text"
    assert "U+5C71 \u5c71" in error["detail"]
    taken = client.post("/upload", **form(watermark=json.dumps({"text": "Jane \u05d0"})))
    assert taken.status_code == httpx.codes.ACCEPTED
