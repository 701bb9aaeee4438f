"""Migration by Alembic. Apart from `migrate.py`, so that the import of Alembic can be left out."""

from importlib import resources
from typing import Final

from alembic import command, op
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import URL, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from imagemill.postgres.pool import CONNECT_TIMEOUT_SECONDS, DatabaseUnavailable, SchemaTooNew
from imagemill.settings.addresses import PostgresAddress

# Any number will do, as long as every version of imagemill uses the same.
ADVISORY_LOCK: Final = 0x696D_6D69_6C6C


def upgrade(address: PostgresAddress, version: str = "head") -> list[str]:
    """Apply the missing migrations up to the version, under a lock; return their names.

    Raises as `migrate` does.
    """
    applied: list[str] = []
    url = URL.create(
        "postgresql+psycopg",
        username=address.user,
        password=address.password,
        host=address.host,
        port=address.port,
        database=address.dbname,
    )
    timeout = {"connect_timeout": CONNECT_TIMEOUT_SECONDS}
    engine = create_engine(url, poolclass=NullPool, connect_args=timeout)
    config = Config()
    config.set_main_option("script_location", "imagemill.postgres:migrations")
    config.set_main_option("path_separator", "os")
    try:
        with engine.connect() as connection:
            # Held until the connection closes, across all transactions of Alembic.
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
            connection.commit()
            config.attributes["connection"] = connection
            config.attributes["applied"] = applied
            command.upgrade(config, version)
            connection.commit()
    except OperationalError as error:
        raise DatabaseUnavailable(
            f"PostgreSQL at {address} is unavailable: {error.orig}"
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
