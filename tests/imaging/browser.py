"""What Chromium shows of an animation: its own decoder of images, asked by a page of ours."""

import base64
import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Timer
from typing import Any

import numpy as np
from PIL import Image

from support.chromium import showing_page

TIMEOUT_SECONDS = 100

# Decodes every file, and sends the pixels of all frames back.
PAGE = """<script>
const files = FILES;
const bytes = text => Uint8Array.from(atob(text), one => one.charCodeAt(0));
async function frames(type, text) {
  const decoder = new ImageDecoder({type, data: bytes(text)});
  await decoder.tracks.ready;
  await decoder.completed;
  const found = [];
  for (let frameIndex = 0; frameIndex < decoder.tracks.selectedTrack.frameCount; frameIndex++) {
    const {image} = await decoder.decode({frameIndex});
    const canvas = new OffscreenCanvas(image.displayWidth, image.displayHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
    found.push([canvas.width, canvas.height, btoa(String.fromCharCode(...data))]);
  }
  return found;
}
(async () => {
  const out = {};
  try {
    for (const [name, [type, text]] of Object.entries(files)) out[name] = await frames(type, text);
  } catch (error) {
    out.error = String(error);
  }
  await fetch("/", {method: "POST", body: JSON.stringify(out)});
})();
</script>"""


class PageServer(HTTPServer):
    """Serves one page, and keeps what it sends back."""

    page: bytes
    found: dict[str, Any] | None = None
    is_late = False

    def stop_waiting(self) -> None:
        self.is_late = True


class PageHandler(BaseHTTPRequestHandler):
    server: PageServer

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page)

    def do_POST(self) -> None:
        self.server.found = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def show_frames(
    browser: str, files: Mapping[str, tuple[str, bytes]], folder: Path
) -> dict[str, list[Image.Image]]:
    """Return the frames of each file, given as its media type and its data."""
    texts = {
        name: (type_, base64.b64encode(data).decode()) for name, (type_, data) in files.items()
    }
    with PageServer(("127.0.0.1", 0), PageHandler) as server:
        server.timeout = 1
        server.page = PAGE.replace("FILES", json.dumps(texts)).encode()
        found = _wait_for_frames(server, browser, folder)
    assert "error" not in found, found["error"]
    return {
        name: [_to_image(width, height, text) for width, height, text in frames]
        for name, frames in found.items()
    }


def _wait_for_frames(server: PageServer, browser: str, folder: Path) -> dict[str, Any]:
    timer = Timer(TIMEOUT_SECONDS, server.stop_waiting)
    timer.start()
    try:
        with showing_page(browser, f"http://127.0.0.1:{server.server_port}", folder):
            while server.found is None and not server.is_late:
                server.handle_request()
    finally:
        timer.cancel()
    assert server.found is not None, "Chromium sent nothing"
    return server.found


def _to_image(width: int, height: int, text: str) -> Image.Image:
    rows = np.frombuffer(base64.b64decode(text), "uint8").reshape(height, width, 4)
    return Image.fromarray(rows)
