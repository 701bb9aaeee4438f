"""Checks of Redis: whether it answers and never evicts ids, and what is in the queue."""

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, ok, warn
from imagemill.formatting import format_sentence, pluralize
from imagemill.redis.queue import QueueUnavailable


async def check(context: DoctorContext) -> list[Finding]:
    address = context.settings.redis
    try:
        await context.queue.check()
        policy = await context.queue.read_eviction_policy()
    except QueueUnavailable as error:
        advice = (
            f"Correct REDIS_USERNAME and REDIS_PASSWORD, or REDIS_URL, or what {address} lets this"
            " user do (docs/operating.md, Redis)."
            if error.is_refusal
            else f"Start Redis, or correct REDIS_HOST, REDIS_PORT and so on, or REDIS_URL;"
            f" {address} was tried."
        )
        return [
            warn(
                "server",
                f"{format_sentence(error)} Jobs are still accepted and processed, with a delay.",
                advice,
            )
        ]
    answers = ok("server", f"Redis at {address} answers.")
    if policy == "noeviction":
        return [
            answers,
            ok(
                "memory",
                "When its memory is full, Redis rejects new ids and evicts none.",
                policy=policy,
            ),
        ]
    return [
        answers,
        warn(
            "memory",
            f"When its memory is full, Redis evicts ids ({policy}); their jobs wait for a sweep.",
            "Run CONFIG SET maxmemory-policy noeviction, and set it in Redis' configuration.",
            policy=policy,
        ),
    ]


async def check_queue(context: DoctorContext) -> list[Finding]:
    """Count the ids in the queue, and those for which no job is pending."""
    try:
        ids = await context.queue.read_ids()
    except QueueUnavailable:
        return []  # the check of the server reports it
    stale = len(ids) - len(await context.diagnostics.find_pending(ids))
    sentence = f"{pluralize(len(ids), 'id')} in the queue"
    if stale:
        sentence += f"; {stale:,} of them of jobs that are no longer pending, which is harmless"
    return [ok("queue", f"{sentence}.", count=len(ids), stale=stale)]
