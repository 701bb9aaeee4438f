"""The command `imagemill explain`: what a job waits for, in a sentence."""

import sys
from uuid import UUID

from pydantic import TypeAdapter

from imagemill.formatting import escape_unprintable, format_json
from imagemill.jobs.explain_query import read_job_context
from imagemill.jobs.explanation import Explanation, explain
from imagemill.jobs.job import JobId
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings import Settings


async def run(settings: Settings, job_id: UUID, *, as_json: bool) -> None:
    """Print the sentence, or all facts as JSON. Raises JobNotFound, DatabaseUnavailable."""
    async with Postgres.open(settings.postgres, pool_size=1) as postgres:
        explanation = explain(await read_job_context(JobStore(postgres), JobId(job_id)))
    if as_json:
        text = format_json(TypeAdapter(Explanation).dump_python(explanation, mode="json"))
    else:
        text = escape_unprintable(explanation.summary)
    sys.stdout.write(f"{text}\n")
