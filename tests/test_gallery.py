"""The gallery shows every field of an output, as the engine makes it today."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gallery.build import PICTURES
from gallery.card import Card
from gallery.cards import CARDS
from imagemill.imaging.spec.pipeline import Output
from imaging.studio import difference, open_picture

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GALLERY = DOCS / "gallery"


class Images(HTMLParser):
    """The attributes of every `img` of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append({name: value or "" for name, value in attrs})


def words(schema: object) -> Iterator[str]:
    """Yield the words that a field may have, as its JSON schema lists them."""
    if isinstance(schema, list):
        for part in schema:
            yield from words(part)
    elif isinstance(schema, dict):
        yield from (word for word in schema.get("enum", []) if isinstance(word, str))
        yield from words(list(schema.values()))


def asked_for(card: Card) -> list[dict[str, Any]]:
    return [output.model_dump() for output in card.pipeline().outputs]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the gallery in a process of its own: this one's libvips reads no drawings."""
    folder = tmp_path_factory.mktemp("gallery")
    subprocess.run([sys.executable, "-m", "gallery", str(folder)], cwd=ROOT, check=True)
    return folder


def test_every_field_of_an_output_has_a_card() -> None:
    assert {name for card in CARDS for name in card.fields} == set(Output.model_fields)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_a_card_shows_the_fields_that_it_names(card: Card) -> None:
    assert set(card.fields) <= {name for shot in card.shots for name in shot.adds}


@pytest.mark.parametrize("field", Output.model_fields)
def test_every_word_that_a_field_may_have_is_shown(field: str) -> None:
    schema = Output.model_json_schema()["properties"][field]
    shown = [output[field] for card in CARDS for output in asked_for(card)]
    assert [word for word in words(schema) if word not in shown] == []


def test_every_picture_of_the_page_opens_with_the_size_that_it_promises() -> None:
    images = Images(GALLERY / "index.html").found
    promised = {image["src"]: (int(image["width"]), int(image["height"])) for image in images}
    assert promised
    assert promised == {name: open_picture(GALLERY / name).size for name in promised}


def test_every_file_of_the_gallery_is_on_its_page() -> None:
    page = (GALLERY / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(rf'(?:src|href)="{PICTURES}/([^"]+)"', page))
    assert named == {file.name for file in (GALLERY / PICTURES).iterdir()}


def test_every_card_stands_on_the_page() -> None:
    page = (GALLERY / "index.html").read_text(encoding="utf-8")
    assert [card.name for card in CARDS if f'id="{card.name}"' not in page] == []


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = (GALLERY / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"https?:|//|<script|<link|@import", page) == []


@pytest.mark.long
def test_the_page_is_the_one_that_would_be_made_today(made: Path) -> None:
    """But for sizes in bytes, which may differ by a few on another kind of processor."""
    before, now = (
        re.sub(r"[\d,]+ B<", "", (folder / "index.html").read_text(encoding="utf-8"))
        for folder in (GALLERY, made)
    )
    assert now == before, "run make gallery"


@pytest.mark.long
def test_the_pictures_are_those_that_would_be_made_today(made: Path) -> None:
    before, now = (
        {file.name: open_picture(file) for file in (folder / PICTURES).iterdir()}
        for folder in (GALLERY, made)
    )
    assert set(now) == set(before), "run make gallery"
    changed = [
        name
        for name in now
        if now[name].size != before[name].size or difference(now[name], before[name], "RGBA") > 1
    ]
    assert changed == [], "run make gallery, and look at these"


def test_the_gallery_is_small_enough_to_be_kept_with_the_code() -> None:
    sizes = [file.stat().st_size for file in GALLERY.rglob("*") if file.is_file()]
    assert sum(sizes) < 1_200_000


def test_every_picture_of_the_words_about_pictures_is_there() -> None:
    text = (DOCS / "pictures.md").read_text(encoding="utf-8")
    sources = re.findall(r'src="([^"]+)"', text)
    assert sources
    assert [source for source in sources if not (DOCS / source).is_file()] == []


def test_the_words_about_pictures_name_every_field() -> None:
    text = (DOCS / "pictures.md").read_text(encoding="utf-8")
    assert [name for name in Output.model_fields if f"`{name}`" not in text] == []
