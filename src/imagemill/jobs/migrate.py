"""Brings the ledger's schema to the version that this code speaks."""

from importlib import resources
from typing import Final

from alembic import command, op
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from imagemill.addresses import PostgresAddress
from imagemill.errors import ServiceError
from imagemill.jobs.postgres import LedgerUnavailable

# Any number will do, as long as every version of imagemill uses the same.
LOCK: Final = 0x696D_6D69_6C6C


class SchemaTooNew(ServiceError):
    """The schema was made by a later version of imagemill than this one."""


def migrate(address: PostgresAddress) -> None:
    """Apply the migrations that are missing. Safe when several services start at once.

    Raises LedgerUnavailable when PostgreSQL does not answer, SchemaTooNew when the schema is ahead
    of this code.
    """
    url = URL.create(
        "postgresql+psycopg",
        username=address.user,
        password=address.password,
        host=address.host,
        port=address.port,
        database=address.dbname,
    )
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    config = _config()
    try:
        with engine.connect() as connection:
            # Held until the connection closes, over every transaction that Alembic makes.
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
            connection.commit()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except OperationalError as error:
        raise LedgerUnavailable(f"PostgreSQL at {address} is away: {error.orig}") from error
    except CommandError as error:
        raise SchemaTooNew(
            f"The schema in {address} does not belong to this version of imagemill: {error}"
        ) from error


def newest_version() -> str:
    """Return the number of the last migration that this code knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def run_sql_file(name: str) -> None:
    """Run a numbered SQL file inside the migration that is under way."""
    sql = resources.files("imagemill.jobs.migrations").joinpath(name).read_text(encoding="utf-8")
    # The driver's own cursor: SQLAlchemy would read ':=' and '%' of PL/pgSQL as parameters.
    op.get_bind().connection.cursor().execute(sql)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "imagemill.jobs:migrations")
    config.set_main_option("path_separator", "os")
    return config
