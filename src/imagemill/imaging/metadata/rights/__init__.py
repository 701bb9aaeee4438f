"""Artist and copyright, extracted from EXIF, XMP and IPTC.

Each file has a function `extract_rights(block)`: it returns a new block with these and nothing
else, or None when the old one has none or cannot be read. A new block is written, since to delete
everything else from the old one, all that it can hold would have to be known.
"""

from typing import Final

# Longer texts are dropped. They would leave no room for the other blocks of a JPEG.
MAX_TEXT_LENGTH: Final = 8192
