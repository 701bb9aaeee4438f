"""PostgreSQL: the pool that every statement runs through, retries, migrations, shared secrets."""
