"""All checks of `imagemill doctor`, in order: the servers first, then what they hold."""

from collections.abc import Awaitable, Iterable
from typing import Final

from imagemill.doctor import (
    disk,
    image_processes,
    jobs,
    missing_files,
    orphaned_files,
    workers,
)
from imagemill.doctor import postgres as postgres_server
from imagemill.doctor import redis as redis_server
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, Section, Verdict, unknown
from imagemill.errors import Unavailable

TRY_AGAIN: Final = "Try again; the server's log may say more."


async def run_checks(context: DoctorContext, *, deep: bool) -> list[Section]:
    """Run every check that is possible, and change nothing.

    Checks that need an unavailable server, or another schema, are left out; the finding on that
    server says why.
    """
    postgres = await postgres_server.check(context)
    storage = await _run(disk.check(context))
    redis = await redis_server.check(context)
    if _is_usable(postgres):
        postgres += await _run(workers.check(context))
        postgres += await _run(jobs.check(context))
        redis += await _run(redis_server.check_queue(context))
        if _is_usable(storage):
            storage += await _run(missing_files.check(context, deep=deep))
            storage += await _run(orphaned_files.check(context))
    return [
        Section("postgres", tuple(postgres)),
        Section("redis", tuple(redis)),
        Section("storage", tuple(storage)),
        *await image_processes.check(context.settings),
    ]


def is_fixable(sections: Iterable[Section]) -> bool:
    """Whether every check could run, so that it is known what to fix."""
    return all(_is_usable(section.findings) for section in sections)


async def _run(check: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await check
    except Unavailable as error:
        return [unknown("interrupted", str(error), TRY_AGAIN)]


def _is_usable(findings: Iterable[Finding]) -> bool:
    """Whether the server answers, and has the schema of this version."""
    return not any(
        finding.verdict is Verdict.UNKNOWN
        or (finding.subject == "schema" and finding.verdict is Verdict.BAD)
        for finding in findings
    )
