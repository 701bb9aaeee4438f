"""The types of the JavaScript client agree with the models of the server."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from imagemill import api_schemas
from imagemill.gateway import schemas
from imagemill.imaging.spec.pipeline import Output, Pipeline

ROOT = Path(__file__).parent.parent
CLIENT = ROOT / "clients" / "js"
TYPES = (CLIENT / "index.d.ts").read_text(encoding="utf-8")

INTERFACES: list[tuple[str, type[BaseModel]]] = [
    ("Job", api_schemas.JobBody),
    ("JobInput", api_schemas.InputBody),
    ("JobOutput", api_schemas.OutputBody),
    ("JobError", api_schemas.ErrorBody),
    ("HistoryEvent", schemas.EventBody),
    ("Explanation", schemas.ExplanationBody),
    ("Delivery", schemas.DeliveryBody),
    ("Link", schemas.LinkBody),
    ("Capabilities", schemas.CapabilitiesBody),
    ("Output", Output),
    ("Pipeline", Pipeline),
]


@pytest.mark.parametrize(("name", "model"), INTERFACES)
def test_every_field_has_a_type(name: str, model: type[BaseModel]) -> None:
    interface = re.search(rf"export interface {name} {{\n(.*?)\n}}", TYPES, re.DOTALL)
    assert interface is not None
    members = re.findall(r"^  (\w+)\??:", interface[1], re.MULTILINE)
    assert members == list(model.model_fields)


def test_the_package_is_of_this_version() -> None:
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{package["version"]}"' in project
    assert "dependencies" not in package
