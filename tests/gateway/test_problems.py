"""Every response of 400 and above is a problem."""

from uuid import UUID

import httpx
import pytest

import imagemill.gateway.app  # noqa: F401 - with every error that the gateway may raise
from imagemill.errors import Rejected, ServiceError, Unavailable
from imagemill.gateway.problem import KINDS

# The rooms whose errors the gateway may meet.
ROOMS = (
    "imagemill.auth.",
    "imagemill.field_errors",
    "imagemill.gateway.",
    "imagemill.http_digest",
    "imagemill.jobs.",
    "imagemill.postgres.",
    "imagemill.redis.",
    "imagemill.storage.",
    "imagemill.webhooks.",
)
# No request ends with one of these: the gateway handles them, or only a worker raises them.
HANDLED = {"AddressRefused", "BadCallbackUrl", "NameUnresolved", "QueueUnavailable"}

UNKNOWN_ID = UUID("0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/redoc", 404),
        ("GET", "/jobs/", 404),
        ("GET", f"/jobs/{UNKNOWN_ID}", 404),
        ("GET", f"/jobs/{UNKNOWN_ID}/history", 404),
        ("GET", f"/jobs/{UNKNOWN_ID}/input", 404),
        ("GET", f"/jobs/{UNKNOWN_ID}/outputs/image", 404),
        ("DELETE", f"/jobs/{UNKNOWN_ID}", 404),
        ("POST", f"/jobs/{UNKNOWN_ID}/cancel", 404),
        ("POST", f"/jobs/{UNKNOWN_ID}/retry", 404),
        ("GET", "/jobs/not-a-uuid", 422),
        ("GET", "/jobs?limit=0", 422),
        ("GET", "/jobs?limit=201", 422),
        ("GET", "/jobs?status=DONE", 422),
        ("GET", "/jobs?cursor=nonsense", 422),
        ("GET", "/jobs?cursor=", 422),
        ("PUT", "/jobs", 405),
        ("GET", "/upload", 405),
        ("POST", "/docs", 405),
    ],
)
def test_every_error_is_a_problem(method: str, path: str, status: int, api: httpx.Client) -> None:
    answer = api.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert set(problem) >= {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/jobs/not-a-uuid", "/path/id"),
        ("/jobs?limit=0", "/query/limit"),
        ("/jobs?status=DONE", "/query/status"),
        ("/jobs?cursor=!", "/query/cursor"),
    ],
)
def test_a_wrong_parameter_is_named(path: str, pointer: str, api: httpx.Client) -> None:
    assert [error["pointer"] for error in api.get(path).json()["errors"]] == [pointer]


@pytest.mark.parametrize("path", ["/jobs/abc", "/jobs/abc/explain", "/jobs/" + "0192" * 9])
def test_an_id_that_is_no_uuid_is_called_so(path: str, api: httpx.Client) -> None:
    assert [error["detail"] for error in api.get(path).json()["errors"]] == ["is not a UUID"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/upload", "POST"),
        ("/jobs", "GET, HEAD"),
        (f"/jobs/{UNKNOWN_ID}", "DELETE, GET, HEAD"),
        (f"/jobs/{UNKNOWN_ID}/cancel", "POST"),
    ],
)
def test_a_405_lists_the_allowed_methods(path: str, allowed: str, api: httpx.Client) -> None:
    assert api.put(path).headers["allow"] == allowed


def subclasses(kind: type[ServiceError]) -> set[type[ServiceError]]:
    return {found for sub in kind.__subclasses__() for found in {sub, *subclasses(sub)}}


def test_every_expected_error_has_a_kind_of_problem() -> None:
    ours = {
        kind
        for kind in subclasses(Rejected) | subclasses(Unavailable)
        if kind.__module__.startswith(ROOMS)
    }
    lacking = {kind for kind in ours if not set(kind.__mro__) & set(KINDS)}
    assert {kind.__name__ for kind in lacking} == HANDLED
    assert len(ours) > 20
