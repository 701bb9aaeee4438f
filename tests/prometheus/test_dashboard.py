"""The Grafana dashboard shows what the services really export, and all of it."""

import re
from itertools import chain, combinations

import httpx
from prometheus_client.parser import text_string_to_metric_families

from imagemill.telemetry.metrics import render_metrics
from imagemill.worker.metrics import init_metrics
from support.client import upload
from support.pictures import picture

from .dashboard import dashboard, expressions, panels

NAME = re.compile(r"\b(?:imagemill|process)_\w+")
# Prometheus adds the first two; the others are of metrics that have no sample before an event.
LABELS = {"job", "instance", "le", "format", "source", "problem"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",), "gauge": ("",)}


def exported(api: httpx.Client) -> dict[str, set[str]]:
    """Return the names of all series that a gateway or a worker exports, each with its labels."""
    init_metrics()  # as a worker does at its start
    upload(api, picture())
    api.get("/jobs/nothing")
    found: dict[str, set[str]] = {}
    texts = api.get("/metrics").text, render_metrics(None)[0].decode()
    for family in chain(*map(text_string_to_metric_families, texts)):
        for suffix in SUFFIXES[family.type]:
            found.setdefault(family.name + suffix, set())
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_series_and_label_that_it_asks_for_is_exported(api: httpx.Client) -> None:
    found = exported(api)
    for expression in expressions():
        names = set(NAME.findall(expression))
        assert names, expression
        assert names <= found.keys(), expression
        labels = set[str]().union(*(found[name] for name in names)) | LABELS
        used = re.findall(r"(\w+)=~?\"", expression)
        used += [one for by in re.findall(r"by \(([^)]*)\)", expression) for one in by.split(", ")]
        assert set(used) <= labels, expression


def test_every_metric_of_ours_is_shown(api: httpx.Client) -> None:
    shown = set(NAME.findall(" ".join(expressions())))
    families = {
        family.name
        for family in text_string_to_metric_families(api.get("/metrics").text)
        if family.name.startswith("imagemill_")
    }
    assert {name for name in families if not any(one.startswith(name) for one in shown)} == set()


def test_panels_have_titles_units_and_places_of_their_own() -> None:
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels():
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
    for one, other in combinations((panel["gridPos"] for panel in dashboard()["panels"]), 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
