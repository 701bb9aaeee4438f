"""Images of the operator's, drawn onto those of clients."""

import json
from io import BytesIO
from pathlib import Path

from PIL import Image

from support.client import client_of, upload, wait_for_end
from support.pictures import picture
from support.process import running_api, running_worker


def test_a_watermark_is_drawn_and_a_missing_image_is_reported(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assets = tmp_path / "assets"
    assets.mkdir()
    for name in ("stays.png", "goes.png"):
        Image.new("RGB", (50, 50), "#ff0000").save(assets / name)
    environment |= {"ASSETS_DIR": str(assets)}
    stays, goes = (
        json.dumps({"image": name, "opacity": 1, "margin": 0}) for name in ("stays.png", "goes.png")
    )
    with (
        running_api(environment, tmp_path / "api.log") as (_, url),
        client_of(url) as client,
    ):
        marked = upload(client, picture(400, 300), watermark=stays, format="png")
        vanished = upload(client, picture(400, 300), watermark=goes)
        (assets / "goes.png").unlink()
        with running_worker(environment, tmp_path / "worker.log", "--concurrency", "1"):
            job = wait_for_end(client, marked)
            made = Image.open(BytesIO(client.get(job["outputs"][0]["url"]).content))
            assert made.convert("RGB").getpixel((399, 299)) == (255, 0, 0)
            job = wait_for_end(client, vanished)
    assert (job["status"], job["attempts"]) == ("FAILED", 1)
    assert job["error"] == {
        "code": "does_not_fit",
        "detail": "There is no image 'goes.png' in the folder of images.",
    }
