"""`python -m apidocs FILE`: write the page to the file."""

import sys
from pathlib import Path

from apidocs.page import render_page
from imagemill.gateway.app import create_routes

Path(sys.argv[1]).write_text(render_page(create_routes().openapi()), encoding="utf-8")
