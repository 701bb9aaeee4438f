"""The schema: numbered SQL files, each run by the Alembic revision of the same number."""
