"""Start of a service or command: read the settings, configure logs, migrate PostgreSQL."""

import os
import time
from pathlib import Path
from typing import Final

import structlog

from imagemill.cli.data_folder import find_data
from imagemill.postgres.migrate import migrate
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.settings import Settings, list_variables, read_settings
from imagemill.settings.unknown_names import find_near_misses, find_void
from imagemill.telemetry.logs import configure_logs

log = structlog.get_logger()

MIGRATION_TIMEOUT_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 1.0


def prepare_service() -> Settings:
    """Return the settings once logs are configured and the schema is up to date.

    Waits for a PostgreSQL that is still starting. Raises SettingsError, SchemaTooNew, and
    DatabaseUnavailable after MIGRATION_TIMEOUT_SECONDS.
    """
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    _warn_of_names()
    until = time.monotonic() + MIGRATION_TIMEOUT_SECONDS
    is_awaited = False
    while True:
        try:
            migrate(settings.postgres)
        except DatabaseUnavailable as error:
            if time.monotonic() >= until:
                raise
            if not is_awaited:
                is_awaited = True
                log.warning("postgres.awaited", postgres=str(settings.postgres), reason=str(error))
            time.sleep(RETRY_SECONDS)
        else:
            return settings


def _warn_of_names() -> None:
    for name, near in find_near_misses(os.environ, list_variables()):
        log.warning("settings.unknown", variable=name, did_you_mean=near)
    for url, ignored in find_void(os.environ):
        log.warning("settings.ignored", variables=ignored, because_of=url)


def prepare_database(data: Path | None) -> Settings:
    """Return the settings of a command that uses the database, once its schema is up to date.

    `data` is the data folder of an `imagemill up`, by default that of find_data. Does not wait for
    PostgreSQL. Raises SettingsError, SchemaTooNew, DatabaseUnavailable, EmbeddedError.
    """
    settings = connect_to_data(read_operator_settings(), find_data(data))
    migrate(settings.postgres)
    return settings


def read_operator_settings() -> Settings:
    """Return the settings of a command, with its logs configured. Raises SettingsError."""
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    return settings


def connect_to_data(settings: Settings, data: Path | None) -> Settings:
    """Return the settings with the servers and the storage of an `imagemill up`, if any.

    Raises EmbeddedError.
    """
    if data is None:
        return settings
    from imagemill.embedded.connection_info import read_connection_settings

    return settings.model_copy(update=read_connection_settings(data))
