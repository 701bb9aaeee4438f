"""What Alembic runs: the revisions, over the connection that `upgrade.py` hands it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
