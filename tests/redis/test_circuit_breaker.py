"""When a circuit breaker allows a call."""

from imagemill.redis.circuit_breaker import CircuitBreaker


def test_a_breaker_opens_after_failures_in_a_row_and_allows_calls_again_after_the_cooldown() -> (
    None
):
    breaker = CircuitBreaker(threshold=2, cooldown=10)
    breaker.record_failure(now=0)
    assert breaker.allows(now=0)
    breaker.record_failure(now=1)
    assert not breaker.allows(now=10)
    assert breaker.allows(now=11)
    breaker.record_failure(now=11)
    assert not breaker.allows(now=20)
    breaker.record_success()
    assert breaker.allows(now=20)
