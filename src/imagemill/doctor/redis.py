"""The server of the line: whether it answers, and keeps every id."""

from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, ok, warn
from imagemill.redis.queue import QueueUnavailable


async def examine(context: DoctorContext) -> list[Finding]:
    address = context.settings.redis
    try:
        policy = await context.line.eviction_policy()
    except QueueUnavailable as error:
        return [
            warn(
                "server",
                f"{error}. Uploads are taken and jobs done all the same, only later, by sweeps.",
                f"Start it, or look at REDIS_HOST and its like: {address} was asked.",
            )
        ]
    answers = ok("server", f"Redis at {address} answers.")
    if policy == "noeviction":
        return [answers, ok("memory", "Full, it refuses new ids and drops none.", policy=policy)]
    return [
        answers,
        warn(
            "memory",
            f"Full, it drops ids ({policy}), and their jobs wait for a sweep.",
            "CONFIG SET maxmemory-policy noeviction, and the same in its configuration.",
            policy=policy,
        ),
    ]
