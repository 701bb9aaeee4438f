"""The whole stack on one machine, without Docker: PostgreSQL, Valkey and the services on top.

`up.py` is the command, `stack.py` what it runs; `postgres.py` and `valkey.py` also serve alone.
"""
