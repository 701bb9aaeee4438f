"""Presets, capabilities, health, and the pages of the API documentation."""

import sys

import httpx

from conftest import SHARED_LIMIT
from imagemill.gateway.problem import KINDS, ProblemKind, type_of
from support.pictures import picture
from support.uploads import RAW

EVERY_FORMAT = [f"image/{name}" for name in ("avif", "gif", "jpeg", "jxl", "png", "tiff", "webp")]


def test_the_presets_are_pipelines_that_an_upload_takes(api: httpx.Client) -> None:
    presets = api.get("/presets").json()["presets"]
    assert presets["default"] == {
        "outputs": [{"name": "image", "width": 2048, "height": 2048, "format": "webp"}]
    }
    assert presets["thumbnail"]["outputs"][0]["fit"] == "cover"


def test_the_capabilities_are_the_formats_that_work_and_the_limits(api: httpx.Client) -> None:
    assert api.get("/capabilities").json() == {
        "inputs": sorted([*EVERY_FORMAT, "image/bmp", "image/heic", "image/vnd.microsoft.icon"]),
        "outputs": EVERY_FORMAT,
        "limits": {
            "max_upload_bytes": SHARED_LIMIT,
            "max_pixels": 100_000_000,
            "max_frames": 1000,
            "timeout_seconds": 60.0,
        },
    }


def test_a_gateway_whose_neighbours_answer_is_ready(api: httpx.Client) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}
    states = api.get("/readyz").json()
    assert states.pop("sandbox").endswith("rlimits")
    assert states == {"postgres": "ok", "redis": "ok", "storage": "ok"}


def test_the_page_fills_in_nothing_that_was_not_asked_for(api: httpx.Client) -> None:
    upload = api.get("/openapi.json").json()["paths"]["/upload"]["post"]
    form = upload["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    schemas = [*form.values(), *(parameter["schema"] for parameter in upload["parameters"])]
    assert all("default" not in schema and "type" in schema for schema in schemas)


def test_the_page_of_the_api_needs_nothing_from_elsewhere(api: httpx.Client) -> None:
    page = api.get("/docs")
    assert "https://" not in page.text
    assert "unsafe" not in page.headers["content-security-policy"]
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png", "docs.js", "docs.css"):
        assert f"/docs/assets/{asset}" in page.text
        assert api.get(f"/docs/assets/{asset}").status_code == httpx.codes.OK


def test_the_openapi_document_says_which_routes_ask_for_a_key(api: httpx.Client) -> None:
    document = api.get("/openapi.json").json()
    (name,) = document["components"]["securitySchemes"]
    assert document["components"]["securitySchemes"][name]["scheme"] == "bearer"
    open_ = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if {name: []} not in operation.get("security", ()) or "401" not in operation["responses"]
    }
    assert open_ == {"/healthz", "/readyz"}


def test_the_type_of_a_problem_is_the_address_of_its_page(api: httpx.Client) -> None:
    problem = api.get("/jobs?limit=0").json()
    page = api.get(problem["type"])
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Invalid request</h1>" in page.text
    assert "422" in page.text
    assert api.head(problem["type"]).status_code == httpx.codes.OK
    assert api.get("/problems/of-no-kind").status_code == httpx.codes.NOT_FOUND


def test_every_kind_of_problem_has_a_page(api: httpx.Client) -> None:
    kinds = {
        value
        for name, module in sys.modules.items()
        if name.startswith("imagemill.gateway")
        for value in vars(module).values()
        if isinstance(value, ProblemKind)
    } | set(KINDS.values())
    assert {kind.slug for kind in kinds} >= {"headers-too-large", "request-timeout", "not-found"}
    for kind in kinds:
        page = api.get(type_of(kind))
        assert page.is_success, kind
        assert str(kind.status.value) in page.text


def test_answers_of_json_end_with_a_newline(api: httpx.Client) -> None:
    job = api.post("/upload", content=picture(), headers=RAW)
    path = job.headers["location"]
    answers = [job, *(api.get(path + rest) for rest in ("", "/history", "/explain", "/nothing"))]
    answers += [
        api.get(one) for one in ("/jobs", "/readyz", "/healthz", "/presets", "/openapi.json")
    ]
    answers += [api.post(f"{path}/cancel"), api.post(f"{path}/retry"), api.get("/jobs?limit=0")]
    for answer in answers:
        assert answer.text.endswith("}\n"), answer.url
