"""The server of the ledger: whether it answers, its schema is ours, and a commit holds."""

from typing import Final

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, bad, ok, unknown
from imagemill.postgres.migrate import newest_version
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.postgres.server_info import read_schema_version, read_settings

# Off, each of them loses what was committed, or tears pages, when the machine crashes.
DURABILITY: Final = ("fsync", "full_page_writes", "synchronous_commit")


async def examine(context: DoctorContext) -> list[Finding]:
    address = context.settings.postgres
    try:
        set_to = await read_settings(context.postgres, "server_version", *DURABILITY)
    except DatabaseUnavailable as error:
        advice = f"Start it, or look at PG_HOST and its like: {address} was asked."
        return [unknown("server", f"{error}.", advice)]
    answers = ok("server", f"PostgreSQL {set_to.pop('server_version')} at {address} answers.")
    return [answers, _durability(set_to), await _schema(context)]


def _durability(set_to: dict[str, str]) -> Finding:
    off = [name for name in DURABILITY if set_to[name] == "off"]
    if not off:
        return ok("durability", "What is committed survives a crash of its machine.", **set_to)
    return bad(
        "durability",
        f"Accepted jobs can be lost in a crash, since {' and '.join(off)} is off.",
        "; ".join(f"ALTER SYSTEM SET {name} = on" for name in off) + "; SELECT pg_reload_conf().",
        **set_to,
    )


async def _schema(context: DoctorContext) -> Finding:
    found, ours = await read_schema_version(context.postgres), newest_version()
    facts = {"found": found, "newest": ours}
    if found == ours:
        return ok("schema", f"The schema is that of this version, {ours}.", **facts)
    if found is None or found < ours:
        return bad(
            "schema",
            f"The schema is {'missing' if found is None else found}, this version's is {ours}.",
            "Run `imagemill migrate`, or start a service of this version.",
            **facts,
        )
    return bad(
        "schema",
        f"The schema is of a later version, {found}, than this command knows, {ours}.",
        "Use the doctor of the version that runs.",
        **facts,
    )
