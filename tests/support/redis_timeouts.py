"""Longer time-outs of Redis clients: the tests keep all cores busy.

A service waits a tenth of a second for Redis and then goes on without it. Tests that count on Redis
have no such way out.
"""

from typing import Final

# A service with this variable has the longer ones too.
PATIENT_WITH_REDIS: Final = "PATIENT_WITH_REDIS"

LONGER_TIMEOUTS: Final = dict.fromkeys(
    (
        "imagemill.redis.client.CONNECT_TIMEOUT_SECONDS",
        "imagemill.redis.queue.PUSH_TIMEOUT_SECONDS",
        "imagemill.redis.queue.POP_MARGIN_SECONDS",
        "imagemill.redis.notifications.PUBLISH_TIMEOUT_SECONDS",
        "imagemill.gateway.limits.rate_limiter.REDIS_TIMEOUT_SECONDS",
    ),
    20.0,
)
