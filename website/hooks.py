"""Hooks of MkDocs that turn documents written for a forge into pages of the site.

Files outside of docs/, such as the README, get a place in the site, and links lead to it. Lists in
lists are indented by four spaces, as Python-Markdown requires.
"""

import posixpath
import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parent.parent
# Where each file is in the site.
PLACES: Final = {
    "README.md": "index.md",
    "README.uk.md": "uk.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "LICENSE",
    "deploy/caddy/docker-compose.yml": "deploy/caddy/docker-compose.yml",
    "deploy/grafana/imagemill.json": "deploy/grafana/imagemill.json",
    "deploy/prometheus/prometheus.yml": "deploy/prometheus/prometheus.yml",
    "website/site.css": "assets/site.css",
}
SOURCES: Final = {place: source for source, place in PLACES.items()}
CODE: Final = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
NESTED_ITEM: Final = re.compile(r"^  (?=- )", re.MULTILINE)
# A target without a scheme, and not only a part of the same page.
LINK: Final = re.compile(r"(?<=\]\()(?P<path>[^)#:\s]+)(?=[)#])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for source, place in PLACES.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    del config, files
    pieces = CODE.split(markdown)  # prose and code by turns
    pieces[::2] = [_adapt(prose, page.file.src_uri) for prose in pieces[::2]]
    return "".join(pieces)


def _adapt(prose: str, place: str) -> str:
    source = SOURCES.get(place, f"docs/{place}")
    prose = NESTED_ITEM.sub("    ", prose)
    return LINK.sub(lambda link: _move(link["path"], source, place), prose)


def _move(link: str, source: str, place: str) -> str:
    """Return a link of the document `source` as it is in the page at `place`."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    if (ROOT / target).is_dir():
        target += "/README.md"  # what a forge shows of a folder
    moved = PLACES.get(target, target.removeprefix("docs/"))
    return posixpath.relpath(moved, posixpath.dirname(place) or ".")
