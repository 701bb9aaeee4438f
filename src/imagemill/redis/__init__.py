"""Redis: the client, its circuit breaker, the queue of job ids and the notifications of changes."""
