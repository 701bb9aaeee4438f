"""`python -m gallery FOLDER`: make the gallery there."""

import sys
from pathlib import Path

from gallery.build import build

build(Path(sys.argv[1]))
