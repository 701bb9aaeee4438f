"""Why a backup was not made or not restored."""

from imagemill.errors import Rejected


class BackupRejected(Rejected):
    """The backup cannot be made there, is damaged, or may not be restored into this target."""
