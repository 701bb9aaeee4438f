"""`python -m imagemill.postgres.migrations`: applies the migrations; see `../migrate.py`.

Reads the address of PostgreSQL, and the version to migrate to, as JSON from standard input, so that
no other user of the machine sees the password. Prints the names of the migrations that it applied;
or what is wrong, and says by its status which error that is.
"""

import json
import sys

from imagemill.postgres.migrate import STATUS_OF
from imagemill.postgres.migrations.upgrade import upgrade
from imagemill.postgres.pool import DatabaseUnavailable, SchemaTooNew
from imagemill.settings.addresses import PostgresAddress

if __name__ == "__main__":
    try:
        order = json.load(sys.stdin)
        applied = upgrade(PostgresAddress(**order["address"]), order["version"])
    except (DatabaseUnavailable, SchemaTooNew) as error:
        sys.stdout.write(str(error))
        sys.exit(STATUS_OF[type(error)])
    sys.stdout.write("\n".join(applied))
