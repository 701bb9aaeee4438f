"""Redis: client, circuit breaker, the queue of job ids and the notifications of changed jobs."""
