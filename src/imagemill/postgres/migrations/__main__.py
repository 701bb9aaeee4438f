"""`python -m imagemill.postgres.migrations`: applies the migrations; see `../migrate.py`.

Reads the address of PostgreSQL as JSON from standard input, so that no other user of the machine
sees its password. Prints what is wrong, and says by its status which error that is.
"""

import json
import sys

from imagemill.postgres.migrate import STATUS_OF
from imagemill.postgres.migrations.upgrade import upgrade
from imagemill.postgres.pool import DatabaseUnavailable, SchemaTooNew
from imagemill.settings.addresses import PostgresAddress

if __name__ == "__main__":
    try:
        upgrade(PostgresAddress(**json.load(sys.stdin)))
    except (DatabaseUnavailable, SchemaTooNew) as error:
        sys.stdout.write(str(error))
        sys.exit(STATUS_OF[type(error)])
