"""Migration by Alembic. Apart from `migrate.py`, so that the import of Alembic can be left out."""

from importlib import resources
from typing import Final

import psycopg
from alembic import command, op
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from imagemill.postgres.connecting import conninfo, describe_error
from imagemill.postgres.pool import DatabaseUnavailable, SchemaTooNew
from imagemill.settings.addresses import PostgresAddress

# Any number will do, as long as every version of imagemill uses the same.
ADVISORY_LOCK: Final = 0x696D_6D69_6C6C

# Everything is one transaction, which a pooler leaves to one session. Another migration is waited
# for, however long it takes; services that hold a table are not, or everyone would queue behind.
BEGIN: Final = f"""
    SET LOCAL statement_timeout = 0;
    SET LOCAL lock_timeout = 0;
    SELECT pg_advisory_xact_lock({ADVISORY_LOCK});
    SET LOCAL lock_timeout = '20s';
"""
# What time or the operator mends. Any other error of a migration is a bug.
FORESEEN: Final = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.InsufficientPrivilege,
)


def upgrade(address: PostgresAddress, version: str = "head") -> list[str]:
    """Apply the missing migrations up to the version, under a lock; return their names.

    Raises as `migrate` does.
    """
    applied: list[str] = []
    engine = create_engine(
        "postgresql+psycopg://",
        poolclass=NullPool,
        creator=lambda: psycopg.connect(conninfo(address), prepare_threshold=None),
    )
    config = Config()
    config.set_main_option("script_location", "imagemill.postgres:migrations")
    config.set_main_option("path_separator", "os")
    try:
        with engine.connect() as connection:
            for statement in BEGIN.split(";\n")[:-1]:
                connection.exec_driver_sql(statement)
            config.attributes["connection"] = connection
            config.attributes["applied"] = applied
            command.upgrade(config, version)
            connection.commit()
    except DBAPIError as error:
        if not isinstance(error.orig, FORESEEN):
            raise
        raise DatabaseUnavailable(
            f"PostgreSQL at {address} cannot be migrated: {describe_error(error.orig)}"
        ) from error
    except CommandError as error:
        raise SchemaTooNew(
            f"The schema of {address} is not of this version of imagemill: {error}"
        ) from error
    return applied


def run_sql_file(name: str) -> None:
    """Run a numbered SQL file in the transaction of the current migration."""
    sql = (
        resources.files("imagemill.postgres.migrations").joinpath(name).read_text(encoding="utf-8")
    )
    # The driver's cursor: SQLAlchemy would take ':=' and '%' of PL/pgSQL for parameters.
    op.get_bind().connection.cursor().execute(sql)
