"""The files of the pages: their headers, their weight, and that they name no other host."""

import re
from http import HTTPStatus

import httpx
import pytest

from imagemill.gateway.page.static_files import FOLDER, load_files
from support.keys import Keyring

PAGES = ["/", "/status", "/page/jobs", "/page/jobs/0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11"]
MAX_BYTES = 150_000
AS_HTML = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(")
LOCAL = re.compile(r"(?:src|href)=\"([^\"]+)\"|from \"([^\"]+)\"")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_a_policy_that_allows_no_inline_script_or_style(
    site: httpx.Client, path: str
) -> None:
    response = site.get(path)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<style|<script(?! type=\"module\" src=)| style=| on\w+=", response.text)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_behind_a_prefix_leads_to_files_behind_it(site: httpx.Client, path: str) -> None:
    text = site.get(path, headers={"X-Forwarded-Prefix": "/pictures"}).text
    links = [one or other for one, other in LOCAL.findall(text)]
    assert links
    for link in links:
        assert link.startswith("/pictures/page/"), link
        assert site.get(link.removeprefix("/pictures")).is_success, link
    assert '<meta name="root" content="/pictures">' in text


@pytest.mark.parametrize("known", ["{etag}", "W/{etag}", '"other", {etag}'])
def test_a_file_that_has_not_changed_is_not_sent_again(site: httpx.Client, known: str) -> None:
    first = site.get("/page/css/theme.css")
    if_none_match = known.format(etag=first.headers["etag"])
    again = site.get("/page/css/theme.css", headers={"If-None-Match": if_none_match})
    assert (again.status_code, again.content) == (HTTPStatus.NOT_MODIFIED, b"")
    assert first.headers["cache-control"] == "no-cache"


def test_who_asks_with_curl_is_told_how_to_go_on(site: httpx.Client) -> None:
    answer = site.get("/", headers={"Accept": "*/*", "X-Forwarded-Prefix": "/pictures"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["vary"] == "Accept"
    assert f"curl -F file=@cat.jpg {site.base_url.join('/pictures/upload')}" in answer.text


@pytest.mark.parametrize("path", ["/page/upload.html", "/page/nothing.js", "/page/../routes.py"])
def test_nothing_else_is_served(site: httpx.Client, path: str) -> None:
    assert site.get(path).status_code == HTTPStatus.NOT_FOUND


def test_every_module_imports_files_that_are_there() -> None:
    for file in FOLDER.rglob("*.js"):
        for _, imported in LOCAL.findall(file.read_text(encoding="utf-8")):
            assert (file.parent / imported).resolve().is_file(), f"{file.name}: {imported}"


def test_all_files_together_weigh_less_than_150_kb() -> None:
    assert sum(len(file.content) for file in load_files().values()) < MAX_BYTES


def test_no_file_names_another_host() -> None:
    for path, file in load_files().items():
        hosts = set(re.findall(r"https?://([\w.]+)", file.content.decode()))
        assert hosts <= {"www.w3.org"}, path  # the name of a namespace


def test_nothing_is_ever_read_as_html() -> None:
    for file in FOLDER.rglob("*.js"):
        assert not AS_HTML.search(file.read_text(encoding="utf-8")), file


def test_the_pages_need_no_key_though_what_they_show_does(
    site: httpx.Client, keyring: Keyring
) -> None:
    keyring.add("someone")
    assert site.get("/jobs").status_code == HTTPStatus.UNAUTHORIZED
    for path in PAGES:
        assert site.get(path).is_success
        assert site.head(path).is_success
