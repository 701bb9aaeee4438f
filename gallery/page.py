"""The gallery as one page: HTML and CSS, with nothing to run and nothing to fetch elsewhere."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from gallery.card import BEFORE, Card, Group, Json, Shot
from imagemill.image_files import OutputFile

STYLE: Final = Path(__file__).with_name("style.css")

INTRODUCTION: Final = (
    "Every field of an output, in the order in which the steps are applied. Each picture was made"
    " by the pipeline beside it, checked and rendered as a job is, from a sample that is drawn by"
    " code."
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A rendered output, its address, and that of a picture of it which browsers show."""

    output: OutputFile
    address: str
    picture: str


def page(groups: Iterable[Group], shown: Mapping[str, Mapping[str, Shown]]) -> str:
    """Return the page. `shown` holds each card's outputs, by the names of card and output."""
    groups = tuple(groups)
    links = "".join(_link(group, shown) for group in groups)
    sections = "".join(_section(group, shown) for group in groups)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>imagemill: what a pipeline can do</title>
<style>
{STYLE.read_text(encoding="utf-8")}</style>
<header>
<h1>What a pipeline can do</h1>
<p>{INTRODUCTION}</p>
<nav aria-label="Steps"><ol>
{links}</ol></nav>
</header>
<main>
{sections}</main>
<footer>
<p>Made by <code>make gallery</code>. The same in words:
<a href="../pictures.md">docs/pictures.md</a>.</p>
</footer>
</html>
"""


def _link(group: Group, shown: Mapping[str, Mapping[str, Shown]]) -> str:
    outputs = {name: one for card in group.cards for name, one in shown[card.name].items()}
    picture = _picture(outputs[group.emblem], "")
    return f'<li><a href="#{_id(group)}">{picture}<span>{group.title}</span></a></li>\n'


def _section(group: Group, shown: Mapping[str, Mapping[str, Shown]]) -> str:
    cards = "".join(_card(card, shown[card.name]) for card in group.cards)
    return f"""<section id="{_id(group)}">
<h2>{group.title}</h2>
<p>{_prose(group.words)}</p>
{cards}</section>
"""


def _card(card: Card, shown: Mapping[str, Shown]) -> str:
    title = ", ".join(f"<code>{name}</code>" for name in card.fields) or card.title
    common = f"<p>All with {_json(card.common)}</p>" if card.common else ""
    figures = "".join(_figure(shot, shown[card.file_name(shot)]) for shot in card.all_shots())
    return f"""<article id="{card.name}">
<div>
<h3>{title}</h3>
<p>{_prose(card.words)}</p>
{common}
</div>
<div class="pictures">
{figures}</div>
</article>
"""


def _figure(shot: Shot, shown: Shown) -> str:
    output = shown.output
    is_before = shot.name == BEFORE
    picture = _picture(shown, "Before" if is_before else f"With {_text(shot.adds)}")
    kind = output.media_type.removeprefix("image/").upper()
    if output.frames > 1:
        kind += f" · {output.frames} frames"
    return f"""<figure style="--width: {output.width}px">
<a href="{shown.address}">{picture}</a>
<figcaption>{"before" if is_before else _json(shot.adds)}
<small>{output.width} &times; {output.height} · {kind} · {output.bytes:,} B</small></figcaption>
</figure>
"""


def _picture(shown: Shown, alt: str) -> str:
    size = f'width="{shown.output.width}" height="{shown.output.height}"'
    return f'<img src="{shown.picture}" {size} alt="{escape(alt)}">'


def _prose(words: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(words, quote=False))


def _json(value: Json) -> str:
    return f"<code>{escape(_text(value), quote=False)}</code>"


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _id(group: Group) -> str:
    return group.title.lower()
