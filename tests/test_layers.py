"""Imports point one way, as docs/architecture.md draws it."""

import ast
from pathlib import Path

import imagemill

PACKAGE = Path(imagemill.__file__).parent

# What each room may import of imagemill besides itself.
MAY_IMPORT = {
    "errors": set(),
    "failpoints": set(),
    "addresses": set(),
    "settings": {"addresses"},
    "telemetry": set(),
    "contract": {"jobs"},
    "blocking": set(),
    "words": set(),
    "jobs": {"errors", "addresses", "words"},
    "imaging": {"errors", "blocking"},
    "storage": {"errors", "blocking", "failpoints"},
    "webhooks": {"errors", "settings", "jobs"},
    "gateway": {
        "errors",
        "blocking",
        "failpoints",
        "settings",
        "limits",
        "telemetry",
        "contract",
        "jobs",
        "imaging",
        "storage",
        "webhooks",
    },
    "worker": {
        "errors",
        "blocking",
        "failpoints",
        "settings",
        "limits",
        "telemetry",
        "contract",
        "jobs",
        "imaging",
        "storage",
        "webhooks",
    },
    "embedded": {"errors", "interruption"},
    "interruption": set(),
    "keys": {"errors", "settings", "jobs"},
    "doctor": {
        "errors",
        "blocking",
        "settings",
        "limits",
        "words",
        "jobs",
        "imaging",
        "storage",
        "worker",
    },
    "process": {
        "errors",
        "settings",
        "interruption",
        "jobs",
        "imaging",
        "gateway",
        "embedded",
    },
    "limits": {"settings", "imaging"},
    "startup": {"settings", "jobs"},
    "demo": {"errors", "embedded", "imaging", "jobs"},
}
# These stay free of drivers and of libvips, so that they can be read, and tested, by themselves.
PURE = {
    "jobs/job.py": {"psycopg", "redis"},
    "jobs/api_key.py": {"psycopg"},
    "gateway/access/authentication.py": {"fastapi", "psycopg"},
    "gateway/access/signature.py": {"fastapi"},
    "jobs/delivery.py": {"psycopg", "redis"},
    "webhooks/url.py": {"aiohttp", "yarl", "socket"},
    "webhooks/public.py": {"aiohttp", "yarl", "socket"},
    "webhooks/answer.py": {"aiohttp", "yarl", "socket"},
    "jobs/explanation.py": {"psycopg", "redis"},
    "imaging/pipeline.py": {"pyvips"},
    "imaging/sandbox.py": {"pyvips"},
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
