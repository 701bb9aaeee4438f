"""Imports point one way, as docs/architecture.md draws it."""

import ast
from pathlib import Path

import imagemill

PACKAGE = Path(imagemill.__file__).parent

# What each room may import of imagemill besides itself. No room stands above one that it imports:
# the table is in order, each line names rooms of the lines before it only.
MAY_IMPORT = {
    "errors": set(),
    "extras": set(),
    "failpoints": set(),
    "retry_after": set(),
    "blocking": set(),
    "batcher": set(),
    "formatting": set(),
    "interruption": set(),
    "image_files": set(),
    "near_misses": set(),
    "outages": set(),
    "telemetry": {"extras"},
    "settings": {"errors", "formatting", "near_misses"},
    "field_errors": {"errors"},
    "http_digest": {"errors"},
    "periodic": {"errors"},
    "postgres": {"errors", "outages", "settings"},
    "storage": {"errors", "blocking", "batcher", "failpoints"},
    "imaging": {"errors", "blocking", "image_files", "near_misses", "settings"},
    "jobs": {"errors", "batcher", "formatting", "image_files", "postgres"},
    "redis": {"errors", "batcher", "outages", "settings", "jobs"},
    "auth": {"errors", "batcher", "postgres", "jobs"},
    "api_schemas": {"image_files", "jobs"},
    "webhooks": {
        "blocking",
        "errors",
        "failpoints",
        "retry_after",
        "settings",
        "postgres",
        "jobs",
        "api_schemas",
    },
    "job_request": {"field_errors", "near_misses", "jobs", "imaging", "webhooks"},
    "maintenance": {"periodic", "postgres", "storage", "jobs"},
    "gateway": {
        "errors",
        "near_misses",
        "outages",
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
        "outages",
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
        "formatting",
        "settings",
        "postgres",
        "redis",
        "jobs",
        "imaging",
        "storage",
        "maintenance",
    },
    "backup": {"errors", "formatting", "blocking", "settings", "postgres", "jobs", "storage"},
    "embedded": {"errors", "extras", "formatting", "interruption"},
    "client": {"formatting", "errors", "field_errors", "http_digest", "retry_after", "jobs"},
    "process": {
        "formatting",
        "errors",
        "field_errors",
        "interruption",
        "settings",
        "jobs",
        "imaging",
        "job_request",
        "embedded",
        "client",
    },
}
# The same inside imaging. Of the sandbox, only the program of an image process loads the engine.
IMAGING_MAY_IMPORT = {
    "errors": set(),
    "formats": set(),
    "file_data": set(),
    "iso_boxes": {"file_data"},
    "jpeg_segments": {"file_data"},
    "png_chunks": {"file_data"},
    "spec": {"errors", "formats"},
    "limits": set(),
    "result": {"formats", "spec"},
    "libvips": {"formats"},
    "drawing": {"libvips"},
    "color": {"errors", "formats", "libvips", "spec"},
    "metadata": {
        "errors",
        "formats",
        "file_data",
        "iso_boxes",
        "jpeg_segments",
        "png_chunks",
        "libvips",
        "spec",
        "color",
    },
    "camera_raw": {"file_data", "metadata"},
    "engine": {
        "errors",
        "formats",
        "camera_raw",
        "file_data",
        "iso_boxes",
        "jpeg_segments",
        "png_chunks",
        "libvips",
        "spec",
        "limits",
        "result",
        "color",
        "metadata",
    },
    "sandbox": {"errors", "formats", "file_data", "spec", "limits", "result"},
}
ENGINE_PROGRAM = "sandbox/image_process_main.py"

# These stay free of drivers and of libvips, so that they can be read, and tested, by themselves.
PURE = {
    "jobs/job.py": {"psycopg", "redis"},
    "auth/api_key.py": {"psycopg"},
    "auth/authentication.py": {"fastapi", "psycopg"},
    "auth/signed_links.py": {"fastapi", "psycopg"},
    "gateway/waiting/gap_tracker.py": {"fastapi", "psycopg", "redis"},
    "webhooks/delivery.py": {"psycopg", "redis"},
    "webhooks/url.py": {"aiohttp", "yarl", "socket"},
    "webhooks/public_addresses.py": {"aiohttp", "yarl", "socket"},
    "webhooks/try_result.py": {"aiohttp", "yarl", "socket"},
    "retry_after.py": {"aiohttp", "httpx"},
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


def test_the_rooms_of_imaging_import_one_way() -> None:
    imaging = PACKAGE / "imaging"
    wrong = []
    for file in imaging.rglob("*.py"):
        place = file.relative_to(imaging)
        own = place.parts[0].removesuffix(".py")
        allowed = IMAGING_MAY_IMPORT.get(own, set()) | {own}
        if str(place) == ENGINE_PROGRAM:
            allowed |= {"engine"}
        wrong += [
            f"{place} imports {name}"
            for name in imports(file)
            if name.startswith("imagemill.imaging.") and name.split(".")[2] not in allowed
        ]
    assert wrong == []


def test_the_table_of_imaging_is_in_order_and_complete() -> None:
    rooms = list(IMAGING_MAY_IMPORT)
    assert all(IMAGING_MAY_IMPORT[room] <= set(rooms[:at]) for at, room in enumerate(rooms))
    found = {path.name.removesuffix(".py") for path in (PACKAGE / "imaging").iterdir()}
    assert found - {"__init__", "__pycache__"} == set(rooms)


PIXEL_LIBRARIES = {"PIL", "pyvips", "pillow_heif", "simplejpeg", "cykooz_resizer"}


def test_only_libvips_other_decoders_and_small_jpegs_know_the_libraries_of_pixels() -> None:
    knowing = {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if {name.split(".")[0] for name in imports(file)} & PIXEL_LIBRARIES
    }
    decoders, small_jpeg = "imaging/engine/decoders", "imaging/engine/small_jpeg"
    assert knowing == {
        "imaging/libvips.py",
        f"{decoders}/heic/__init__.py",
        f"{decoders}/bmp.py",
        f"{decoders}/ico.py",
        f"{decoders}/pillow_image.py",
        f"{decoders}/libjpeg_turbo.py",
        f"{small_jpeg}/scale.py",
        f"{small_jpeg}/encode.py",
        f"{small_jpeg}/verify.py",
    }


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
