"""One machine, no Docker: a PostgreSQL and a Valkey of one's own, and the services on top of them.

`up.py` is the command, `stack.py` what it runs; `postgres.py` and `valkey.py` also serve alone.
"""
