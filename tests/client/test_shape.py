"""The client agrees with the server, its two classes with each other, and it imports little."""

import inspect
import subprocess
import sys
from collections.abc import Iterator
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from imagemill import api_schemas
from imagemill.client import AsyncClient, Client, models, pipeline
from imagemill.gateway import schemas
from imagemill.imaging.spec import field_types, watermark
from imagemill.imaging.spec import pipeline as spec

PAIRS: list[tuple[type[BaseModel], type[BaseModel]]] = [
    (models.Job, api_schemas.JobBody),
    (models.JobInput, api_schemas.InputBody),
    (models.JobOutput, api_schemas.OutputBody),
    (models.JobError, api_schemas.ErrorBody),
    (models.JobPage, schemas.JobsBody),
    (models.HistoryEvent, schemas.EventBody),
    (models.Explanation, schemas.ExplanationBody),
    (models.Delivery, schemas.DeliveryBody),
    (models.Link, schemas.LinkBody),
    (models.Capabilities, schemas.CapabilitiesBody),
    (models.Limits, schemas.LimitsBody),
]
TYPED_PAIRS: list[tuple[type, type[BaseModel]]] = [
    (pipeline.Output, spec.Output),
    (pipeline.Pipeline, spec.Pipeline),
    (pipeline.Area, field_types.Area),
    (pipeline.Focus, field_types.Focus),
    (pipeline.Edges, field_types.Edges),
    (pipeline.Modulation, field_types.Modulation),
    (pipeline.Watermark, watermark.Watermark),
]
# Loading these would cost each program that uses the client, which needs none of them.
UNUSED = ("fastapi", "psycopg", "redis", "pyvips", "numpy", "sqlalchemy", "structlog", "typer")


@pytest.mark.parametrize(("ours", "server"), PAIRS)
def test_the_client_reads_every_member(ours: type[BaseModel], server: type[BaseModel]) -> None:
    assert list(ours.model_fields) == list(server.model_fields)


@pytest.mark.parametrize(("ours", "server"), TYPED_PAIRS)
def test_the_client_has_a_type_for_every_field(ours: type, server: type[BaseModel]) -> None:
    assert set(get_type_hints(ours)) == set(server.model_fields)


@pytest.mark.parametrize(("ours", "server"), TYPED_PAIRS)
def test_a_word_that_a_field_may_have_is_one_of_the_servers(
    ours: type, server: type[BaseModel]
) -> None:
    properties = server.model_json_schema()["properties"]
    for name, hint in get_type_hints(ours).items():
        words = {word for part in (hint, *get_args(hint)) for word in words_of(part)}
        if words:
            assert words == set(enums_of(properties[name])), name


def words_of(hint: object) -> tuple[str, ...]:
    return get_args(hint) if get_origin(hint) is Literal else ()


def enums_of(schema: object) -> Iterator[str]:
    """Yield the words that a field may have, as its JSON schema lists them."""
    if isinstance(schema, list):
        for part in schema:
            yield from enums_of(part)
    elif isinstance(schema, dict):
        yield from (word for word in schema.get("enum", []) if isinstance(word, str))
        yield from enums_of(list(schema.values()))


def public_methods(class_: type) -> dict[str, list[inspect.Parameter]]:
    return {
        name: list(inspect.signature(method).parameters.values())
        for name, method in inspect.getmembers(class_, inspect.isfunction)
        if not name.startswith("_") or name == "__init__"
    }


def test_both_clients_have_the_same_methods() -> None:
    sync, async_ = public_methods(Client), public_methods(AsyncClient)
    assert sync.pop("close") == async_.pop("aclose")
    sync_source, async_source = sync.pop("upload"), async_.pop("upload")
    assert sync_source[2:] == async_source[2:]
    assert sync == async_


def test_the_client_loads_nothing_of_the_services() -> None:
    code = "import sys, imagemill.client; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("imagemill.")}
    assert not rooms & {"gateway", "worker", "imaging", "postgres", "redis", "storage", "settings"}
    assert not {name.partition(".")[0] for name in loaded} & set(UNUSED)


@pytest.mark.parametrize("class_", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("url", "key", "words"),
    [
        ("localhost:8000", None, "is not a URL such as http://127.0.0.1:8000"),
        ("http://localhost", "a\nb", "characters that an HTTP header cannot carry"),
    ],
)
def test_an_address_or_key_that_cannot_be_used_is_told(
    class_: type[Client], url: str, key: str | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        class_(url, key)
