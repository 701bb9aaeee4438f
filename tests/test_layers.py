"""Imports point one way, as docs/architecture.md draws it."""

import ast
from pathlib import Path

import imagemill

PACKAGE = Path(imagemill.__file__).parent

# What each room may import of imagemill besides itself. No room stands above one that it imports:
# the table is in order, each line names rooms of the lines before it only.
MAY_IMPORT = {
    "errors": set(),
    "failpoints": set(),
    "blocking": set(),
    "formatting": set(),
    "interruption": set(),
    "image_files": set(),
    "telemetry": set(),
    "settings": set(),
    "field_errors": {"errors"},
    "http_digest": {"errors"},
    "periodic": {"errors"},
    "postgres": {"errors", "settings"},
    "storage": {"errors", "blocking", "failpoints"},
    "imaging": {"errors", "blocking", "image_files", "settings"},
    "jobs": {"errors", "formatting", "image_files", "postgres"},
    "redis": {"errors", "settings", "jobs"},
    "auth": {"errors", "postgres", "jobs"},
    "api_schemas": {"image_files", "jobs"},
    "webhooks": {
        "errors",
        "failpoints",
        "telemetry",
        "settings",
        "postgres",
        "jobs",
        "api_schemas",
    },
    "job_request": {"field_errors", "jobs", "imaging", "webhooks"},
    "maintenance": {"errors", "blocking", "periodic", "postgres", "storage", "jobs"},
    "gateway": {
        "errors",
        "field_errors",
        "http_digest",
        "failpoints",
        "blocking",
        "image_files",
        "telemetry",
        "settings",
        "postgres",
        "redis",
        "auth",
        "jobs",
        "imaging",
        "storage",
        "api_schemas",
        "webhooks",
        "job_request",
    },
    "worker": {
        "errors",
        "failpoints",
        "blocking",
        "telemetry",
        "settings",
        "periodic",
        "postgres",
        "redis",
        "jobs",
        "imaging",
        "storage",
        "webhooks",
        "maintenance",
    },
    "doctor": {
        "errors",
        "blocking",
        "formatting",
        "settings",
        "postgres",
        "redis",
        "jobs",
        "imaging",
        "storage",
        "maintenance",
    },
    "embedded": {"errors", "interruption"},
    "process": {
        "errors",
        "field_errors",
        "http_digest",
        "interruption",
        "settings",
        "jobs",
        "imaging",
        "job_request",
        "embedded",
    },
}
# These stay free of drivers and of libvips, so that they can be read, and tested, by themselves.
PURE = {
    "jobs/job.py": {"psycopg", "redis"},
    "auth/api_key.py": {"psycopg"},
    "gateway/auth/authentication.py": {"fastapi", "psycopg"},
    "gateway/auth/signature.py": {"fastapi"},
    "webhooks/delivery.py": {"psycopg", "redis"},
    "webhooks/url.py": {"aiohttp", "yarl", "socket"},
    "webhooks/public.py": {"aiohttp", "yarl", "socket"},
    "webhooks/try_result.py": {"aiohttp", "yarl", "socket"},
    "jobs/explanation.py": {"psycopg", "redis"},
    "imaging/spec/pipeline.py": {"pyvips"},
    "imaging/sandbox/sandbox.py": {"pyvips"},
}


# Only this room knows them, so that another could take their place.
TELEMETRY = {"prometheus_client", "opentelemetry"}


def imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def room(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_no_room_imports_what_it_should_not_know() -> None:
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {name}"
        for file in PACKAGE.rglob("*.py")
        for name in imports(file)
        if name.startswith("imagemill.")
        and room(file) in MAY_IMPORT
        and name.split(".")[1] not in MAY_IMPORT[room(file)] | {room(file)}
    ]
    assert wrong == []


def test_the_table_of_rooms_is_in_order() -> None:
    rooms = list(MAY_IMPORT)
    upward = [
        f"{room} imports {other}"
        for at, room in enumerate(rooms)
        for other in MAY_IMPORT[room]
        if other not in rooms[:at]
    ]
    assert upward == []


def test_every_room_has_its_rule() -> None:
    rooms = {room(file) for file in PACKAGE.rglob("*.py")}
    assert rooms - set(MAY_IMPORT) == {"__init__", "__main__", "cli"}


def test_the_pure_files_import_no_driver() -> None:
    for name, drivers in PURE.items():
        found = {imported.split(".")[0] for imported in imports(PACKAGE / name)}
        assert not found & drivers, name


def test_only_telemetry_knows_who_metrics_and_traces_go_to() -> None:
    knowing = {
        room(file)
        for file in PACKAGE.rglob("*.py")
        if TELEMETRY & {imported.split(".")[0] for imported in imports(file)}
    }
    assert knowing == {"telemetry"}
