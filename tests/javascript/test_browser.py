"""The JavaScript client in Chromium: `make test-browser`."""

from pathlib import Path

import pytest

from javascript.page_server import serving_page
from support.chromium import find_browser, showing_page
from support.server import Server

CLIENT = Path(__file__).parents[2] / "clients" / "js"
BROWSER = find_browser()
TIMEOUT_SECONDS = 100

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        BROWSER is None, reason="there is no Chromium: make test-browser installs it"
    ),
]


def test_the_client_works_in_a_page(
    addresses: dict[str, str], tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Server.running(addresses, tmp_path_factory.mktemp("server")) as server:
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
