"""Pages: Swagger UI with its document, and the kinds of problem.

Nothing comes from other servers: the machine may have no internet access.
"""

import re
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from imagemill.gateway.json_response import JsonResponse, root_path
from imagemill.gateway.openapi.problem_docs import PROBLEM_DOCS
from imagemill.gateway.problem import all_kinds
from imagemill.gateway.query_parameters import require_known_query

ASSETS: Final = Path(fastapi_offline.__file__).parent / "static"
ASSETS_PATH: Final = "/docs/assets"

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
        root = root_path(request)
        return get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title=f"{app.title}: the API",
            swagger_js_url=f"{root}{ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{root}{ASSETS_PATH}/favicon.png",
            swagger_ui_parameters={"defaultModelsExpandDepth": 0, "tryItOutEnabled": True},
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
    app.mount(ASSETS_PATH, StaticFiles(directory=ASSETS), name="docs-assets")
