"""Faults of a service at a named moment: see imagemill/failpoints.py."""

from imagemill.settings.addresses import PostgresAddress
from support.process import Service, wait_until
from support.servers import connect

# kill -9; a bug; a pause past the lease; the same with the connections to PostgreSQL cut meanwhile.
FAULTS = ("kill", "error", "pause", "cut")


def with_failpoint(environment: dict[str, str], name: str, fault: str) -> dict[str, str]:
    """Return the environment of a service that has this fault there; without a name, none."""
    if not name:
        return environment
    return environment | {"FAILPOINTS": f"{name}={'pause' if fault == 'cut' else fault}"}


def wait_for_failpoint(service: Service, name: str, fault: str, postgres: PostgresAddress) -> None:
    """Return once the fault has struck the service there."""
    wait_until(
        lambda: f"failpoint {name}" in service.logged(), f"{name} is reached", service.logged
    )
    if fault == "kill":
        service.process.wait(30)
    if fault == "cut":
        with connect(postgres) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
