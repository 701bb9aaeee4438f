"""The schema, made by several services that start at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
import structlog

from imagemill.postgres.migrate import migrate, newest_version
from imagemill.postgres.migrations.upgrade import upgrade
from imagemill.postgres.pool import DatabaseUnavailable, SchemaTooNew
from imagemill.settings.addresses import PostgresAddress
from support.process import free_port
from support.servers import connect

# Every table, index, sequence and type that is not the server's own, by the id it was created with.
OBJECTS = """
    SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid
"""


def schema(connection: psycopg.Connection) -> list[tuple[object, ...]]:
    return connection.execute(OBJECTS).fetchall()


@pytest.fixture
def empty_database(migrated: PostgresAddress) -> Iterator[PostgresAddress]:
    name = "empty"
    with connect(migrated) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield replace(migrated, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_services_that_start_at_once_make_one_schema(empty_database: PostgresAddress) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [empty_database] * 4))
    with connect(empty_database) as connection:
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        assert versions == [(newest_version(),)]
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


def test_migrating_again_changes_nothing(empty_database: PostgresAddress) -> None:
    migrate(empty_database)
    with connect(empty_database) as connection:
        connection.execute(
            "INSERT INTO jobs (id, input_path, input, pipeline)"
            " VALUES (gen_random_uuid(), 'inputs/abc/cat.jpg', '{}', '{}')"
        )
        before = schema(connection)
        migrate(empty_database)
        upgrade(empty_database)  # nor does Alembic, which `migrate` leaves out here
        assert schema(connection) == before
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (newest_version(),)
        ]
        assert connection.execute("SELECT input_path FROM jobs").fetchall() == [
            ("inputs/abc/cat.jpg",)
        ]


def test_each_migration_is_logged_by_its_name_and_one_can_stop_before_the_last(
    empty_database: PostgresAddress,
) -> None:
    with structlog.testing.capture_logs() as logged:
        migrate(empty_database, "0001")
        migrate(empty_database, "0001")
    assert [(one["event"], one["migration"]) for one in logged] == [
        ("postgres.migrated", "0001_schema")
    ]
    with structlog.testing.capture_logs() as logged:
        migrate(empty_database)
    assert next(one["migration"] for one in logged) == "0002_workers"


def test_a_database_without_a_recorded_version_is_migrated(
    empty_database: PostgresAddress,
) -> None:
    with connect(empty_database) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        migrate(empty_database)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (newest_version(),)
        ]
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (0,)


def test_a_schema_of_a_later_version_is_left_alone(empty_database: PostgresAddress) -> None:
    migrate(empty_database)
    with connect(empty_database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match="9999"):
        migrate(empty_database)


def test_without_postgres_the_database_is_unavailable(migrated: PostgresAddress) -> None:
    with pytest.raises(DatabaseUnavailable):
        migrate(replace(migrated, port=free_port()))
