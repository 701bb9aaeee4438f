"""The JavaScript client in Chromium: `make test-browser`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.blocks import code_blocks
from javascript.page_server import serving_page
from support.chromium import find_browser, showing_page
from support.server import Server

CLIENT = Path(__file__).parents[2] / "clients" / "js"
BROWSER = find_browser()
TIMEOUT_SECONDS = 100

# Chooses a picture as a person would, and reports the image that appears.
CHOOSE_A_PICTURE = """<script type="module">
  const canvas = new OffscreenCanvas(1600, 1200);
  canvas.getContext("2d").fillRect(0, 0, 800, 800);
  const chosen = new DataTransfer();
  chosen.items.add(new File([await canvas.convertToBlob()], "drawn.png"));
  new MutationObserver(async () => {
    const image = document.querySelector("img");
    await image.decode();
    const { value, max } = document.querySelector("progress");
    const found = { width: image.naturalWidth, is_sent: value === max && max > 1 };
    await fetch("/found", { method: "POST", body: JSON.stringify(found) });
  }).observe(document.body, { childList: true });
  const input = document.querySelector("input");
  input.files = chosen.files;
  input.dispatchEvent(new Event("change"));
</script>"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        BROWSER is None, reason="there is no Chromium: make test-browser installs it"
    ),
]


@pytest.fixture(scope="module")
def server(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server.running(addresses, tmp_path_factory.mktemp("server")) as server:
        yield server


def test_the_client_works_in_a_page(server: Server, tmp_path: Path) -> None:
    received = server.receive_webhook()
    delivery = {
        "body": received.body.decode(),
        "headers": received.headers,
        "secret": server.read_webhook_secret(),
    }
    with (
        serving_page(CLIENT, server.url, {"/delivery": delivery}) as page,
        showing_page(str(BROWSER), f"{page.url}/client/test/browser.html", tmp_path),
    ):
        found = page.found.get(timeout=TIMEOUT_SECONDS)
    assert found == {
        "upload_with_progress": {
            "filename": "drawn “1”.png",
            "bytes": True,
            "progress": True,
            "status": "COMPLETED",
            "size": [60, 45],
        },
        "events": "COMPLETED",
        "refused_with_progress": "/outputs/0/width",
        "failed": "invalid_image",
        "aborted": "enough",
        "path": "A browser has no paths: pass a Blob, or read the output as one.",
        "webhook": ["job.completed", True],
    }


def test_the_page_in_the_document_works(server: Server, tmp_path: Path) -> None:
    (block,) = code_blocks("clients.md", "In a page", "html")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "imagemill").symlink_to(CLIENT)
    page_text = f"<!doctype html><meta charset='utf-8'><body>{block}{CHOOSE_A_PICTURE}"
    (pages / "index.html").write_text(page_text, encoding="utf-8")
    with (
        serving_page(pages, server.url, {}) as page,
        showing_page(str(BROWSER), f"{page.url}/client/index.html", tmp_path),
    ):
        found = page.found.get(timeout=TIMEOUT_SECONDS)
    assert found == {"width": 800, "is_sent": True}
