"""Pages: Swagger UI with its document, and the kinds of problem.

Nothing comes from other servers: the machine may have no internet access.
"""

import re
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from imagemill.gateway.json_response import JsonResponse, root_path
from imagemill.gateway.openapi.problem_docs import PROBLEM_DOCS
from imagemill.gateway.problem import all_kinds
from imagemill.gateway.query_parameters import require_known_query

ASSETS_PATH: Final = "/docs/assets"
# Ours, then Swagger UI's.
ASSETS: Final = Path(__file__).with_name("static")
SWAGGER_UI: Final = ("fastapi_offline", "static")

# Swagger UI shows downloaded pictures as blobs, and its style sheet has icons in data URLs.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

DOCS_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>imagemill: the API</title>
<link rel="icon" href="{assets}/favicon.png">
<link rel="stylesheet" href="{assets}/swagger-ui.css">
<link rel="stylesheet" href="{assets}/docs.css">
<script src="{assets}/swagger-ui-bundle.js" defer></script>
<script src="{assets}/docs.js" type="module"></script>
<body data-openapi="{root}/openapi.json" data-operation="upload/upload">
<main id="swagger-ui"></main>
</html>
"""

PROBLEM_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<h1>{title}</h1>
<p>{meaning}</p>
<p>Its status is {status}; <a href="../docs">the API documentation</a> lists the routes.</p>
</html>
"""


def install_pages(app: FastAPI) -> None:
    """Serve the pages, below the prefix that the request has."""
    pages = APIRouter(include_in_schema=False, dependencies=[Depends(require_known_query)])

    @pages.api_route("/openapi.json", methods=["GET", "HEAD"])
    async def openapi(request: Request) -> JsonResponse:
        document = app.openapi()
        prefix = root_path(request)
        return JsonResponse({**document, "servers": [{"url": prefix}]} if prefix else document)

    @pages.get("/docs")
    async def docs(request: Request) -> HTMLResponse:
        root = escape(root_path(request))
        return HTMLResponse(
            DOCS_PAGE.format(root=root, assets=f"{root}{ASSETS_PATH}"),
            headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY},
        )

    @pages.api_route("/problems/{slug}", methods=["GET", "HEAD"])
    async def explain_problem(slug: str) -> HTMLResponse:
        """Explain the `type` of a problem, as RFC 9457 (3.1.1) encourages."""
        kind = next((kind for kind in all_kinds() if kind.slug == slug), None)
        if kind is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        meaning = re.sub("`([^`]+)`", r"<code>\1</code>", escape(PROBLEM_DOCS[slug].meaning))
        return HTMLResponse(
            PROBLEM_PAGE.format(title=kind.title, status=kind.status, meaning=meaning)
        )

    app.include_router(pages)
    app.mount(ASSETS_PATH, StaticFiles(directory=ASSETS, packages=[SWAGGER_UI]), name="docs-assets")
