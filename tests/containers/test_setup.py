"""What someone meets who deploys: files to fill in, images to build, containers to look at."""

import json
import re
from itertools import takewhile
from pathlib import Path

import pytest

from containers.engine import ROOT, docker, find_compose, run, run_in_vain
from containers.stack import BUILT, SERVICES, Stack
from imagemill.settings import Settings

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1200)]

# What the compose file decides by itself.
DECIDED = {
    "PG_HOST",
    "PG_PORT",
    "REDIS_HOST",
    "REDIS_PORT",
    "HEALTH_PORT",
    "SHUTDOWN_GRACE_SECONDS",
}


def test_without_a_password_nothing_starts(tmp_path: Path) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    (tmp_path / "environment").write_text(example, encoding="utf-8")

    said = run_in_vain(*find_compose(), "--env-file", str(tmp_path / "environment"), "config")

    assert "copy .env.example to .env and set PG_PASSWORD in it" in said


def test_every_setting_can_be_given_in_the_environment_file() -> None:
    settings = {name.upper() for name in Settings.model_fields} - DECIDED
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")

    assert settings <= set(re.findall(r"^  ([A-Z_]+):", compose, re.MULTILINE))
    # Where traces go is OpenTelemetry's own variable, and the others are compose's.
    others = {"API_PORT", "POSTGRES_CONTAINER", "OTEL_EXPORTER_OTLP_ENDPOINT"}
    others |= {"API_MEMORY", "WORKER_MEMORY", "POSTGRES_MEMORY"}
    assert settings | others == set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))


def test_the_environment_file_allows_anonymous_access_until_there_is_a_key() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")

    assert re.findall(r"^ALLOW_ANONYMOUS=(.*)$", example, re.MULTILINE) == ["true"]


def test_without_that_and_without_a_key_the_api_does_not_listen(stack: Stack) -> None:
    message = run_in_vain(
        *("docker", "exec", "--env", "ALLOW_ANONYMOUS=false", stack.container("api")),
        *("imagemill", "api", "--host", "0.0.0.0", "--port", "8001"),  # noqa: S104 - in vain
    )

    assert "`imagemill keys add NAME`" in message
    assert "ALLOW_ANONYMOUS=true" in message


@pytest.mark.parametrize("service", BUILT)
def test_keys_are_managed_from_inside_the_containers(stack: Stack, service: str) -> None:
    said = docker("exec", stack.container(service), "imagemill", "keys", "list", "--json")

    assert json.loads(said) == {"keys": []}


def test_every_container_has_a_limit_of_memory(stack: Stack) -> None:
    limits = {
        service: int(docker("inspect", "--format", "{{.HostConfig.Memory}}", container))
        for service in SERVICES
        for container in stack.containers(service)
    }
    mebibyte = 1024 * 1024
    assert limits == {
        "api": 1024 * mebibyte,
        "worker": 8192 * mebibyte,
        "redis": 256 * mebibyte,
        "postgres": 2048 * mebibyte,
    }


def test_the_example_with_tls_is_valid_and_leaves_the_api_to_its_proxy(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    environment.write_text("PG_PASSWORD=secret\nDOMAIN=images.example\n", encoding="utf-8")
    files = ("docker-compose.yml", "deploy/caddy/docker-compose.yml")
    shown = run(
        *find_compose(),
        *("--env-file", str(environment)),
        *(part for file in files for part in ("--file", str(ROOT / file))),
        "config",
    )
    assert "FORWARDED_ALLOW_IPS: 172.30.84.2" in shown
    assert "DOMAIN: images.example" in shown
    caddyfile = (ROOT / "deploy" / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    assert "reverse_proxy api:8000 {" in caddyfile


def test_both_images_begin_with_the_same_stage() -> None:
    builders = {_builder(ROOT / f"Dockerfile.{service}") for service in BUILT}

    assert len(builders) == 1
    assert "pip" in builders.pop()


@pytest.mark.parametrize("service", BUILT)
def test_the_images_hold_no_password(stack: Stack, service: str) -> None:
    image = docker("inspect", "--format", "{{.Image}}", stack.container(service)).strip()
    configured = json.loads(docker("image", "inspect", image))[0]["Config"]["Env"]

    assert not [variable for variable in configured if "PASSWORD" in variable]


@pytest.mark.parametrize("service", BUILT)
def test_the_images_hold_neither_compiler_nor_tests(stack: Stack, service: str) -> None:
    packages = "/opt/imagemill/lib/python3*/site-packages"
    look = f"command -v gcc; ls -d /build {packages}/pip {packages}/pytest 2>/dev/null; true"

    assert docker("exec", stack.container(service), "sh", "-c", look) == ""


def _builder(dockerfile: Path) -> str:
    """Return the first stage, without the comments."""
    lines = dockerfile.read_text(encoding="utf-8").splitlines()
    instructions = [line for line in lines if line and not line.startswith("#")]
    first, *others = instructions
    return "\n".join([first, *takewhile(lambda line: not line.startswith("FROM"), others)])
