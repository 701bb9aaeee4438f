"""Checks of PostgreSQL: whether it answers, commits durably, has our schema, and can clean up."""

from datetime import timedelta
from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, Verdict, bad, ok, unknown, warn
from imagemill.formatting import format_duration, format_sentence
from imagemill.postgres.migrate import newest_version
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.postgres.server_info import (
    Snapshot,
    read_oldest_snapshot,
    read_schema_version,
    read_settings,
)

# With one of them off, a crash of the machine can lose commits or tear pages.
DURABILITY_SETTINGS: Final = ("fsync", "full_page_writes", "synchronous_commit")

# Longer than any statement of ours; a backup of a large database may take longer still.
MAX_SNAPSHOT_AGE: Final = timedelta(minutes=5)


async def check(context: DoctorContext) -> list[Finding]:
    address = context.settings.postgres
    try:
        values = await read_settings(context.postgres, "server_version", *DURABILITY_SETTINGS)
    except DatabaseUnavailable as error:
        advice = f"{_advise(str(error))}; {address} was tried."
        return [unknown("server", format_sentence(error), advice)]
    answers = ok("server", f"PostgreSQL {values.pop('server_version')} at {address} answers.")
    schema = await _check_schema(context)
    return [
        answers,
        _check_durability(values),
        schema,
        *([await _check_writes(context)] if schema.verdict is Verdict.OK else []),
        check_snapshot(await read_oldest_snapshot(context.postgres)),
    ]


def _advise(reason: str) -> str:
    if "password" in reason or "authentication" in reason:
        return "Correct PG_USER and PG_PASSWORD, or DATABASE_URL"
    return "Start PostgreSQL, or correct PG_HOST, PG_PORT and so on, or DATABASE_URL"


async def _check_writes(context: DoctorContext) -> Finding:
    try:
        await context.postgres.check_writable()
    except DatabaseUnavailable as error:
        return bad(
            "writes",
            f"{format_sentence(error)} No job is accepted or ended.",
            "Connect to the primary (target_session_attrs=read-write in DATABASE_URL chooses it of"
            " several hosts), or make the server, the database or the user writable.",
        )
    return ok("writes", "It can be written.")


def check_snapshot(oldest: Snapshot | None) -> Finding:
    if oldest is None or oldest.age <= MAX_SNAPSHOT_AGE:
        return ok("snapshots", "No transaction keeps dead rows from being removed.")
    return warn(
        "snapshots",
        f"A transaction of {oldest.application or 'an unnamed client'} has been open for"
        f" {format_duration(oldest.age)}: until it ends, the rows that jobs change are kept.",
        f"Unless it is a backup: SELECT pg_terminate_backend({oldest.pid}).",
        pid=oldest.pid,
        seconds=int(oldest.age.total_seconds()),
    )


def _check_durability(values: dict[str, str]) -> Finding:
    off = [name for name in DURABILITY_SETTINGS if values[name] == "off"]
    if not off:
        return ok("durability", "Commits survive a crash of the machine.", **values)
    return bad(
        "durability",
        f"Accepted jobs can be lost in a crash of the machine: {' and '.join(off)} is off.",
        "; ".join(f"ALTER SYSTEM SET {name} = on" for name in off) + "; SELECT pg_reload_conf().",
        **values,
    )


async def _check_schema(context: DoctorContext) -> Finding:
    found, ours = await read_schema_version(context.postgres), newest_version()
    facts = {"found": found, "newest": ours}
    if found == ours:
        return ok("schema", f"The schema is up to date: {ours}.", **facts)
    if found is None or found < ours:
        return bad(
            "schema",
            f"The schema is {'missing' if found is None else found}; this version needs {ours}.",
            "Run `imagemill migrate`, or start a service of this version.",
            **facts,
        )
    return bad(
        "schema",
        f"The schema is {found}, of a later version than this command, which knows {ours}.",
        "Use `imagemill doctor` of the version that the services have.",
        **facts,
    )
