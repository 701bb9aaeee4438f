"""What the documents name is there: tests, commands, settings, log events, metrics, pages."""

import re
import tomllib
from pathlib import Path

import pytest

from imagemill.settings import Settings
from imagemill.telemetry.gauges import NOTHING, shared_gauges, storage_gauges
from imagemill.telemetry.metrics import MetricsCollector

ROOT = Path(__file__).parent.parent
RELIABILITY = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
WITH_METRICS = [ROOT / "docs" / name for name in ("operating.md", "reliability.md", "alerts.yml")]


def commands(document: str, *numbers: int) -> list[str]:
    """Return the shell blocks of these sections, counted from 1, without their comments."""
    sections = (ROOT / document).read_text(encoding="utf-8").split("\n## ")
    blocks = re.findall(
        r"^```sh\n(.*?)^```", "".join(sections[n] for n in numbers), re.MULTILINE | re.DOTALL
    )
    return [re.sub(r" +# .*", "", block) for block in blocks]


def in_files(folder: str, pattern: str) -> set[str]:
    texts = (file.read_text(encoding="utf-8") for file in (ROOT / folder).rglob("*.py"))
    return {found for text in texts for found in re.findall(pattern, text)}


def metrics() -> set[str]:
    """Return the names that Prometheus sees; those of counters end in _total."""
    ours = [*MetricsCollector(shared_gauges(NOTHING) + storage_gauges(0)).collect()]
    suffixes = {"counter": "_total"}
    return {
        one.name + suffixes.get(one.type, "") for one in ours if one.name.startswith("imagemill_")
    }


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))


def test_every_test_that_stands_for_a_promise_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", RELIABILITY))
    assert named
    assert named - in_files("tests", r"def (test_\w+)\(") == set()


def test_every_setting_in_the_words_about_reliability_is_one() -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)\b[^`]*`", RELIABILITY))
    assert named
    assert named - {name.upper() for name in Settings.model_fields} == set()


def test_every_log_event_to_watch_is_written_somewhere() -> None:
    named = set(re.findall(r"`([a-z]+\.[a-z]+_?[a-z]*)`", RELIABILITY))
    assert named
    assert named - in_files("src", r'"([a-z]+\.[a-z_]+)"') == set()


@pytest.mark.parametrize("document", WITH_METRICS, ids=lambda path: path.name)
def test_every_metric_that_is_named_is_one(document: Path) -> None:
    named = set(re.findall(r"\bimagemill_\w+", document.read_text(encoding="utf-8")))
    assert named
    assert named - metrics() == set()


def test_every_metric_stands_in_the_words_for_operators() -> None:
    operating = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert {name for name in metrics() if f"`{name}`" not in operating} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_make_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets()


def test_the_readme_names_the_wheel_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"imagemill-([\d.]+)-py3", readme)) == {project["version"]}


def test_the_ukrainian_quick_start_has_the_commands_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)", readme, re.MULTILINE)
    sections = [headings.index(name) + 1 for name in ("Quick start", "Upload a picture")]
    theirs = (ROOT / "README.uk.md").read_text(encoding="utf-8").count("\n## ")
    assert commands("README.uk.md", *range(1, theirs + 1)) == commands("README.md", *sections)


def test_the_changelog_begins_with_what_is_not_released_or_with_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first = re.findall(r"^## (\S+)", changelog, re.MULTILINE)[0]
    assert first in {"Unreleased", project["version"]}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_page_that_is_linked_is_there(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_decision_stands_in_their_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\((\d\S+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(page.name for page in folder.glob("0*.md"))


def test_every_document_is_a_page_of_the_site() -> None:
    places = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    names = {page.name for page in (ROOT / "docs").glob("*.md")}
    assert {name for name in names if f": {name}\n" not in places} == set()
