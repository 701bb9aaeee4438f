"""All examinations in their order: first who answers, then what they say of each other."""

from collections.abc import Awaitable, Iterable
from typing import Final

from imagemill.doctor import disk, image_processes, postgres, redis
from imagemill.doctor import jobs as job_store
from imagemill.doctor import missing_files as named_files
from imagemill.doctor import orphaned_files as unnamed_files
from imagemill.doctor import queue as line
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, Section, Verdict, unknown
from imagemill.errors import Unavailable

INTERRUPTED: Final = "Try again; the log of the server that was asked may tell more."


async def examine(context: DoctorContext, *, deep: bool) -> list[Section]:
    """Examine everything that can be, and change nothing.

    What rests on a server that is away, or on a schema that is not ours, is left out: the finding
    on that server says why.
    """
    servers, stores = await postgres.examine(context), await _asked(disk.examine(context))
    line_server = await redis.examine(context)
    is_readable = _is_usable(servers)
    jobs = await _asked(job_store.examine(context)) if is_readable else []
    ids = await _asked(line.examine(context)) if is_readable else []
    files = await _files(context, deep=deep) if is_readable and _is_usable(stores) else []
    return [
        Section("ledger", (*servers, *jobs)),
        Section("line", (*line_server, *ids)),
        Section("storage", (*stores, *files)),
        *await image_processes.examine(context.settings),
    ]


def is_mendable(sections: Iterable[Section]) -> bool:
    """Whether everything could be examined, so that what to mend is known."""
    return all(_is_usable(section.findings) for section in sections)


async def _files(context: DoctorContext, *, deep: bool) -> list[Finding]:
    return [
        *await _asked(named_files.examine(context, deep=deep)),
        *await _asked(unnamed_files.examine(context)),
    ]


async def _asked(examination: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await examination
    except Unavailable as error:
        return [unknown("interrupted", str(error), INTERRUPTED)]


def _is_usable(findings: Iterable[Finding]) -> bool:
    """Whether a server answered, and speaks of the schema that we know."""
    return not any(
        finding.verdict is Verdict.UNKNOWN
        or (finding.subject == "schema" and finding.verdict is Verdict.BAD)
        for finding in findings
    )
