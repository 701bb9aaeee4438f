"""The documents as a site, as `make site` builds them: complete, and without any other host."""

import re
import subprocess
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import sync_playwright

from support.chromium import browser_environment, find_browser

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
LOADING = {"src", "srcset", "poster", "data", "background"}
# Links of these kinds name a page; they load nothing.
NAMING = {"canonical", "prev", "next", "alternate", "license"}


class LoadedAddresses(HTMLParser):
    """Collects the addresses that a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.found += [values[name] for name in LOADING & values.keys()]
        if tag == "link" and values.get("rel") not in NAMING:
            self.found.append(values["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        ["/usr/bin/make", "site", f"SITE={folder}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def is_foreign(address: str) -> bool:
    return re.match(r"(https?:)?//", address.strip()) is not None


def test_it_has_a_page_for_each_document(site: Path) -> None:
    pages = {page.relative_to(site).with_suffix("").as_posix() for page in site.rglob("*.html")}
    documents = {
        page.relative_to(ROOT / "docs").with_suffix("").as_posix().replace("README", "index")
        for page in (ROOT / "docs").rglob("*.md")
    }
    assert {"index", "uk", "changelog", "gallery/index"} | documents <= pages


def test_no_page_and_no_style_loads_anything_from_another_host(site: Path) -> None:
    found = {}
    for page in site.rglob("*.html"):
        parser = LoadedAddresses()
        parser.feed(page.read_text(encoding="utf-8"))
        assert parser.found or page.parent.name == "gallery"
        found[page.name] = [address for address in parser.found if is_foreign(address)]
    for style in site.rglob("*.css"):
        addresses = re.findall(r"(?:url\(|@import\s)\s*[\"']?([^\"')]+)", style.read_text("utf-8"))
        found[style.name] = [address for address in addresses if is_foreign(address)]
    assert {name: addresses for name, addresses in found.items() if addresses} == {}


@pytest.mark.browser
def test_a_browser_that_reads_and_searches_it_asks_no_other_host(site: Path) -> None:
    if (browser := find_browser()) is None:
        pytest.skip("there is no Chromium")
    handler = partial(QuietHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}/"
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox"], env={**browser_environment()}
        )
        asked, errors = [], []
        page = chromium.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        for path in site.rglob("*.html"):
            page.goto(base + path.relative_to(site).as_posix(), wait_until="networkidle")
        page.goto(base + "index.html", wait_until="networkidle")  # the search listens by then
        search = page.get_by_role("textbox", name="Search")
        search.click()
        search.press_sequentially("watermark")
        page.locator(".md-search-result__link").first.wait_for()
        chromium.close()
        server.shutdown()
    assert [url for url in asked if not url.startswith((base, "data:", "blob:"))] == []
    assert errors == []


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: each request would be a line among the results."""
