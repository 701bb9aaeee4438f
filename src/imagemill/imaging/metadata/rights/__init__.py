"""Who made a picture and whose it is, out of the three kinds of blocks that may say so.

Each file has one function, `rights_of(block)`: it returns a new block that says this and nothing
else, or None when the old one does not say it or cannot be read. What is to stay is picked out and
written anew. To delete the rest from the old block, one would have to know all that it may hold.
"""

from typing import Final

# The longest text that counts. Longer ones would not leave room for the other blocks of a JPEG.
MAX_TEXT_LENGTH: Final = 8192
