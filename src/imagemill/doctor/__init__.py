"""`imagemill doctor`: checks of PostgreSQL, Redis and the storage, and safe fixes."""
