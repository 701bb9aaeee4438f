"""What every service does before it begins: read the settings, configure logs, migrate."""

import time
from typing import Final

import structlog

from imagemill.postgres.migrate import migrate
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.settings import Settings

log = structlog.get_logger()

PATIENCE_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 1.0


def prepare_ledger(settings: Settings) -> None:
    """Bring the schema up to date, waiting a while for a PostgreSQL that is still starting.

    Raises DatabaseUnavailable when it does not come, SchemaTooNew.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            migrate(settings.postgres)
        except DatabaseUnavailable as error:
            if time.monotonic() >= until:
                raise
            log.warning("postgres.awaited", postgres=str(settings.postgres), reason=str(error))
            time.sleep(RETRY_SECONDS)
        else:
            return
