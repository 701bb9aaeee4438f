"""The ledger's schema: numbered SQL files, each applied by the Alembic revision of its number."""
