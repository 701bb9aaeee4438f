"""`python -m apidocs FILE`: write the page there."""

import sys
from pathlib import Path

from apidocs.page import page
from imagemill.gateway.app import create_routes

Path(sys.argv[1]).write_text(page(create_routes().openapi()), encoding="utf-8")
