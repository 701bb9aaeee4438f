"""Ends that services meet at a named moment: see imagemill/failpoints.py."""

from imagemill.settings.addresses import PostgresAddress
from support.process import Service, wait_until
from support.servers import connect

# What a process meets: kill -9; a bug; standing still past its lease; the same with its
# connections to PostgreSQL cut meanwhile.
ENDS = ("kill", "error", "pause", "cut")


def armed(environment: dict[str, str], name: str, end: str) -> dict[str, str]:
    """Return the environment of a service that meets this end there; without a name, none."""
    if not name:
        return environment
    return environment | {"FAILPOINTS": f"{name}={'pause' if end == 'cut' else end}"}


def meet(service: Service, name: str, end: str, postgres: PostgresAddress) -> None:
    """Return once the service has met its end there."""
    wait_until(
        lambda: f"failpoint {name}" in service.logged(), f"{name} is reached", service.logged
    )
    if end == "kill":
        service.process.wait(10)
    if end == "cut":
        with connect(postgres) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
