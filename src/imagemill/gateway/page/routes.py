"""Routes of the pages. They are for people, and stand outside of the OpenAPI document."""

from html import escape
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response

from imagemill.gateway.conditional import has_current
from imagemill.gateway.json_response import root_path
from imagemill.gateway.page.static_files import StaticFile, load_files

# Scripts and styles are files of ours alone. Pictures are fetched with the API key and shown as
# blobs; progress bars and sliders are sized by script, which the policy of styles does not cover.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Asked for anew each time, and answered by 304 while it is the same.
    "Cache-Control": "no-cache",
}
# What stands for the prefix of the service in the HTML files.
ROOT: Final = b"{root}"
VARY: Final = {"Vary": "Accept"}
# For those who ask for the address of the service with curl.
GUIDE: Final = """\
imagemill: durable image jobs over HTTP.

  curl -F file=@cat.jpg {url}upload    upload a picture, get a job
  curl {url}jobs                       list the jobs

The API is described at {url}docs. A browser shows a page here.
"""


def install_page(app: FastAPI) -> None:
    """Serve the pages, below the prefix that the request has."""
    page = APIRouter(include_in_schema=False)

    @page.api_route("/", methods=["GET", "HEAD"])
    async def upload_page(request: Request) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            guide = GUIDE.format(url=request.base_url)
            return Response(guide, headers=HEADERS | VARY, media_type="text/plain")
        response = _respond_html(request, "upload.html")
        response.headers.update(VARY)
        return response

    @page.api_route("/status", methods=["GET", "HEAD"])
    async def status_page(request: Request) -> Response:
        return _respond_html(request, "status.html")

    @page.api_route("/page/jobs", methods=["GET", "HEAD"])
    async def jobs_page(request: Request) -> Response:
        return _respond_html(request, "jobs.html")

    @page.api_route("/page/jobs/{id}", methods=["GET", "HEAD"])
    async def job_page(request: Request) -> Response:
        return _respond_html(request, "job.html")

    @page.api_route("/page/{path:path}", methods=["GET", "HEAD"])
    async def asset(request: Request, path: str) -> Response:
        file = load_files().get(path)
        if file is None or path.endswith(".html"):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return _respond(request, file)

    app.include_router(page)


def _respond_html(request: Request, name: str) -> Response:
    file = load_files()[name]
    root = escape(root_path(request)).encode()
    return _respond(request, StaticFile.of(file.content.replace(ROOT, root), file.media_type))


def _respond(request: Request, file: StaticFile) -> Response:
    headers = HEADERS | {"ETag": file.etag}
    if has_current(request, file.etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
