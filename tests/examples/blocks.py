"""The code that stands in a document, to be run."""

import re
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[2] / "docs"


def code_blocks(document: str, heading: str, language: str) -> list[str]:
    """Return the blocks of this language in the section of this heading, up to the next heading."""
    text = (DOCS / document).read_text(encoding="utf-8")
    sections = re.split(r"^#{1,6} (?=[^\n]+$)", _hide_comments(text), flags=re.MULTILINE)
    (section,) = [one for one in sections if one.partition("\n")[0] == heading]
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert blocks, f"docs/{document} has no {language} below {heading!r}"
    return [block.replace(HIDDEN, "#") for block in blocks]


# A comment in code looks like a heading.
HIDDEN: Final = "\0"


def _hide_comments(text: str) -> str:
    return re.sub(
        r"^```\w*\n.*?^```$",
        lambda block: re.sub(r"^#", HIDDEN, block[0], flags=re.MULTILINE),
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
