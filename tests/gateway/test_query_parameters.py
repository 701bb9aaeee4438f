"""A query parameter that a route does not have is an error on every route."""

import httpx
import pytest

from .routes import every_route

ANY_ID = "0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11"
# Pages read the query of their address in the browser, as the list of jobs its filters.
PAGES = {"/", "/status"}
PAGES_AND_FILES = ("/docs/assets/", "/page/")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method, path)
        for method, path in every_route()
        if path not in PAGES and not path.startswith(PAGES_AND_FILES)
    ],
)
def test_an_unknown_query_parameter_is_named(method: str, path: str, api: httpx.Client) -> None:
    url = path.format(id=ANY_ID, name="image", n=1, slug="not-found")
    answer = api.request(method, url, params={"nonsense": "1"})
    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    if method != "HEAD":
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/query/nonsense"


@pytest.mark.parametrize(
    ("query", "meant"),
    [("stauts=PENDING", "status"), ("Limit=3", "limit"), ("next_cursor=x", "cursor")],
)
def test_a_near_miss_is_told_what_was_meant(query: str, meant: str, api: httpx.Client) -> None:
    (error,) = api.get(f"/jobs?{query}").json()["errors"]
    assert error["detail"].endswith(f"did you mean {meant!r}?")
