"""What can go wrong with servers of one's own."""

from imagemill.errors import Unavailable


class EmbeddedError(Unavailable):
    """A server or service of this machine's own did not start, or cannot go on."""
