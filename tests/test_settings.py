"""Settings are read from the environment, and a wrong one is named."""

from pathlib import Path

import pytest

from imagemill.errors import SettingsError
from imagemill.settings import Settings, list_variables, read_settings
from imagemill.settings.redis_url import parse_redis_url
from imagemill.settings.secret_files import SECRETS
from imagemill.settings.unknown_names import find_near_misses, find_void


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_defaults_are_those_of_the_containers() -> None:
    settings = read_settings()
    assert settings.storage_url == "file:///app/storage"
    assert (settings.max_upload_bytes, settings.lease_seconds) == (50 * 1024 * 1024, 60)
    assert settings.worker_concurrency >= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PG_PORT", "many"),
        ("PG_PORT", "0"),
        ("MAX_UPLOAD_BYTES", "-1"),
        ("LEASE_SECONDS", "0"),
        ("STORAGE_URL", "s3://bucket"),
        ("STORAGE_URL", "file:///"),
        ("STORAGE_URL", "/app/storage"),
        ("ASSETS_DIR", "/nowhere"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("SANDBOX", "maybe"),
        ("WORKER_CONCURRENCY", "0"),
        ("RETENTION_SECONDS", "0"),
        ("ALLOW_ANONYMOUS", "perhaps"),
        ("RATE_LIMIT", "often"),
        ("RATE_LIMIT", "0/minute"),
        ("RATE_LIMIT", "5/second;100/minute"),
        ("FORWARDED_ALLOW_IPS", "*"),
        ("FORWARDED_ALLOW_IPS", "192.0.2.1/24"),
        ("ROOT_PATH", "images"),
        ("ROOT_PATH", "//evil.example"),
        ("ROOT_PATH", "/a b"),
        ("ALLOWED_HOSTS", "https://example.com"),
        ("ALLOWED_HOSTS", "example.com:443"),
        ("ALLOWED_HOSTS", "a,,b"),
        ("MAX_PENDING", "0"),
        ("WEBHOOK_SCHEDULE_SECONDS", "5,soon"),
    ],
)
def test_a_wrong_value_is_named_in_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    message = str(caught.value)
    assert message.startswith(f"{name}={value} ")
    assert message.count("\n") == 0


@pytest.mark.parametrize(("value", "jobs"), [("true", 1), ("false", 500)])
def test_each_job_may_have_its_own_process(
    value: str, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_PROCESS_PER_JOB", value)
    assert read_settings().jobs_per_process == jobs


def test_an_empty_value_is_the_same_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_PORT", "")
    assert read_settings().pg_port == 5432


# Secrets that have a form of their own.
FORMS = {
    "DATABASE_URL": "postgresql://me:s3cret00@db.example/images?sslmode=require",
    "REDIS_URL": "redis+sentinel://me:s3cret00@one.example,two.example/main",
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_may_come_from_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = FORMS.get(name, "whsec_" + "s3cret00" * 4)
    (tmp_path / "secret").write_text(f"{secret}\n", encoding="utf-8")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    settings = read_settings()
    assert getattr(settings, name.lower()).get_secret_value() == secret
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in f"{settings.postgres!r} {settings.redis!r}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://me:s3cret@db/images"),
        ("DATABASE_URL", "postgresql+psycopg://me:s3cret@db/images"),
        ("DATABASE_URL", "postgresql://me:s3%cret@db/images"),
        ("DATABASE_URL", "postgresql://me:s3cret@db/images?sslmod=require"),
        ("REDIS_URL", "http://me:s3cret@redis:6379"),
        ("REDIS_URL", "redis://me:s3cret@redis:6379/first"),
        ("REDIS_URL", "redis://me:s3cret@redis:port/0"),
        ("REDIS_URL", "redis://me:s3cret@redis:6379/0?sockettimeout=3"),
        ("REDIS_URL", "redis+sentinel://me:s3cret@redis:26379"),
        ("REDIS_URL", "unix+sentinel://me:s3cret@redis:26379/main"),
        ("REDIS_URL", "redis+sentinel://me:s3cret@redis:26379/main?sockettimeout=3"),
        ("REDIS_URL", "redis+sentinel://me:s3cret@redis:26379/main?ssl_cert_reqs=none"),
        ("REDIS_URL", "rediss+sentinel://me:s3cret@redis:26379/main?ssl_cert_req=none"),
    ],
)
def test_a_wrong_url_is_named_without_its_password(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name} is not usable: ") as caught:
        read_settings()
    assert "s3" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgres://me:s3cret@a.example,b.example:5433/images", "a.example,b.example:5433/images"),
        ("postgresql://me@/images?host=/run/postgresql", "/run/postgresql/images"),
    ],
)
def test_a_url_is_shown_without_its_credentials(
    url: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert str(read_settings().postgres) == shown


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+sentinel", "rediss+sentinel"])
def test_a_url_of_redis_may_limit_the_connections(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "main/0" if scheme.endswith("sentinel") else "0"
    monkeypatch.setenv("REDIS_URL", f"{scheme}://redis:6379/{path}?max_connections=5")
    assert parse_redis_url(read_settings().redis.url).options["max_connections"] == 5


def test_a_url_of_redis_is_shown_without_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "rediss://me:s3cret@redis.example:6380/2?ssl_cert_reqs=none")
    assert str(read_settings().redis) == "redis.example:6380/2"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("PG_PASSWRD", "PG_PASSWORD"),
        ("PG_DATABASE_NAME", None),
        ("PG_DB_NAME", "PG_DBNAME"),
        ("PG_PREPARED_STATEMENT", "PG_PREPARED_STATEMENTS"),
        ("REDIS_USER", "REDIS_USERNAME"),
        ("REDIS_HOSTNAME", "REDIS_HOST"),
        ("REDIS_PASSWORD_FIEL", "REDIS_PASSWORD_FILE"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("REDIS_SERVICE_HOST", None),
        ("REDIS_PORT_6379_TCP", None),
        ("PG_VERSION", None),
        ("PGHOST", None),
        ("PG_HOST", None),
    ],
)
def test_a_name_that_is_near_to_one_of_ours_is_told_with_it(name: str, near: str | None) -> None:
    found = [*find_near_misses([name], list_variables())]
    assert found == ([] if near is None else [(name, near)])


def test_what_a_url_makes_void_is_told_with_it() -> None:
    environment = {"REDIS_URL_FILE": "/run/secrets/redis", "REDIS_HOST": "redis", "REDIS_PORT": ""}
    assert [*find_void(environment)] == [("REDIS_URL", ["REDIS_HOST"])]


def test_a_secret_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_PASSWORD_FILE", "/nowhere/secret")
    with pytest.raises(SettingsError, match="PG_PASSWORD_FILE=/nowhere/secret"):
        read_settings()


def test_a_secret_given_twice_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_PASSWORD", "one")
    monkeypatch.setenv("PG_PASSWORD_FILE", "/nowhere/secret")
    with pytest.raises(SettingsError, match="PG_PASSWORD and PG_PASSWORD_FILE"):
        read_settings()


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    missing = [name.upper() for name in Settings.model_fields if f"`{name.upper()}`" not in readme]
    assert missing == []
