"""All settings, read once from the environment into one frozen object and validated.

Each part of the service is passed only the settings that it needs.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from imagemill.errors import SettingsError
from imagemill.formatting import format_sentence
from imagemill.near_misses import describe_invalid
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from imagemill.settings.secret_files import SECRETS, SecretFiles
from imagemill.settings.values import (
    DatabaseUrl,
    Delays,
    ExistingFolder,
    Hosts,
    Networks,
    PathPrefix,
    Rate,
    RedisUrl,
    VolumeUrl,
    WebhookSecrets,
    parse_rates,
)

if TYPE_CHECKING:  # a MiB that a worker does without
    from limits import RateLimitItem

MEBIBYTE: Final = 1024 * 1024


def available_cores() -> int:
    """Return the number of cores that this process may use, by its CPU affinity."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """The settings. The environment variable of each is its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    pg_host: str = Field("localhost", description="PostgreSQL's host")
    pg_port: int = Field(5432, ge=1, le=65535, description="PostgreSQL's port")
    pg_user: str = Field("imagemill", description="PostgreSQL's user")
    pg_password: SecretStr = Field(SecretStr(""), description="password of PG_USER")
    pg_dbname: str = Field("imagemill", description="PostgreSQL's database")
    database_url: DatabaseUrl = Field(
        SecretStr(""), description="PostgreSQL's URL instead of PG_HOST and so on"
    )
    pg_prepared_statements: bool = Field(
        default=True, description="false behind a transaction pooler such as pgbouncer"
    )
    pg_pool_size: int = Field(
        10, ge=2, le=1000, description="maximum connections to PostgreSQL per process"
    )
    redis_host: str = Field("localhost", description="Redis' or Valkey's host")
    redis_port: int = Field(6379, ge=1, le=65535, description="Redis' or Valkey's port")
    redis_password: SecretStr = Field(SecretStr(""), description="password of Redis; empty: none")
    redis_username: str = Field("", description="user of Redis' ACL; empty: the default user")
    redis_url: RedisUrl = Field(
        SecretStr(""), description="Redis' URL, or Sentinel's, instead of REDIS_HOST and so on"
    )
    storage_url: VolumeUrl = Field(
        "file:///app/storage", description="storage that gateways and workers share"
    )
    disk_reserve_bytes: int = Field(
        16 * MEBIBYTE,
        ge=0,
        description="disk space to keep free; uploads that would need it get 507",
    )
    presets_file: Path | None = Field(None, description="TOML file with your own presets")
    assets_dir: ExistingFolder | None = Field(
        None, description="folder of the images and fonts for watermarks"
    )
    max_upload_bytes: int = Field(
        50 * MEBIBYTE, ge=1, description="maximum size of an uploaded image"
    )
    max_pixels: int = Field(
        100_000_000, ge=1, description="maximum pixels of an image, over all its frames"
    )
    max_frames: int = Field(1000, ge=1, description="maximum frames of an animation")
    max_attempts: int = Field(3, ge=1, le=100, description="attempts after which a job is FAILED")
    lease_seconds: float = Field(
        60,
        ge=0.5,
        le=86400,
        description="time without a heartbeat after which a worker loses its jobs",
    )
    job_timeout_seconds: float = Field(
        60, gt=0, le=86400, description="maximum wall-clock time of one attempt"
    )
    retention_seconds: float | None = Field(
        None,
        ge=1,
        le=100 * 365 * 86400,
        description="time after which ended jobs are deleted with their files; unset: never",
    )
    worker_concurrency: int = Field(
        default_factory=available_cores,
        ge=1,
        le=1024,
        description="images that a worker processes at once",
    )
    # Address space, not memory in use. Measured at MAX_PIXELS: a WebP with alpha and three outputs
    # of full size needs 2.6 GiB, a JPEG to a thumbnail 0.2.
    child_memory_bytes: int = Field(
        3072 * MEBIBYTE,
        ge=256 * MEBIBYTE,
        description="maximum address space of an image process; exceeding it fails the attempt",
    )
    sandbox: Literal["required", "best-effort", "off"] = Field(
        "best-effort",
        description="whether image processes must be confined, are if possible, or are not",
    )
    sandbox_process_per_job: bool = Field(
        default=False, description="start a new image process for each job"
    )
    allow_anonymous: bool = Field(
        default=False,
        description="listen on addresses other than loopback although there is no API key",
    )
    forwarded_allow_ips: Networks = Field(
        "127.0.0.1,::1",
        description="proxies whose X-Forwarded headers are trusted",
    )
    root_path: PathPrefix = Field(
        "", description="prefix of all paths behind a proxy, such as /images; empty: none"
    )
    allowed_hosts: Hosts = Field(
        (),
        description="hosts besides localhost that requests may name, separated by commas; "
        "*.example.com for all below one; empty: any, with an API key",
    )
    rate_limit: Rate | None = Field(
        None,
        description="requests per API key or client network, such as 100/minute; unset: no limit",
    )
    max_pending: int | None = Field(
        None, ge=1, description="pending jobs from which on uploads get 503; unset: no limit"
    )
    max_concurrent_uploads: int = Field(
        64, ge=1, le=10_000, description="uploads that a gateway receives at once; others wait"
    )
    header_timeout_seconds: float = Field(
        10, gt=0, description="time within which a client must send a request's headers"
    )
    body_timeout_seconds: float = Field(
        30, gt=0, description="maximum pause of a client while sending a body or reading a response"
    )
    idle_timeout_seconds: float = Field(
        75, gt=0, description="time after which an idle connection is closed"
    )
    webhook_secret: WebhookSecrets = Field(
        SecretStr(""), description="secrets to sign webhooks with; several during a rotation"
    )
    webhook_allow_private: bool = Field(
        default=False, description="allow webhooks to addresses that are not public"
    )
    webhook_schedule_seconds: Delays = Field(
        (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="delays between the tries of a webhook, separated by commas",
    )
    shutdown_grace_seconds: float = Field(
        30, ge=0, description="time that a stopping worker gives to running jobs"
    )
    health_port: int | None = Field(
        None, ge=0, le=65535, description="port on which a worker serves /healthz and /metrics"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="minimum level that is logged"
    )
    log_format: Literal["json", "console"] | None = Field(
        None, description="format of logs; unset: console on a terminal, otherwise json"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - .env is the compose file's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a folder of secrets
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls)

    @property
    def postgres(self) -> PostgresAddress:
        return PostgresAddress(
            self.pg_host,
            self.pg_port,
            self.pg_user,
            self.pg_password.get_secret_value(),
            self.pg_dbname,
            self.database_url.get_secret_value(),
            self.pg_prepared_statements,
        )

    @property
    def redis(self) -> RedisAddress:
        return RedisAddress(
            self.redis_host,
            self.redis_port,
            self.redis_password.get_secret_value(),
            self.redis_username,
            self.redis_url.get_secret_value(),
        )

    @property
    def rate(self) -> "RateLimitItem | None":
        """The rate limit of a caller; None: no limit."""
        return None if self.rate_limit is None else parse_rates(self.rate_limit)[0]

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    @property
    def retention(self) -> timedelta | None:
        """The time for which ended jobs are kept; None: for ever."""
        return None if self.retention_seconds is None else timedelta(seconds=self.retention_seconds)

    @property
    def webhook_schedule(self) -> tuple[timedelta, ...]:
        """The delays between the tries of a webhook."""
        return tuple(timedelta(seconds=delay) for delay in self.webhook_schedule_seconds)

    @property
    def jobs_per_process(self) -> int:
        """The number of jobs after which an image process is replaced."""
        return 1 if self.sandbox_process_per_job else 500


def list_variables() -> set[str]:
    """Return the names of all variables that are read."""
    return {name.upper() for name in Settings.model_fields} | {f"{name}_FILE" for name in SECRETS}


def read_settings() -> Settings:
    """Return the settings of the environment. Raises SettingsError for the first wrong value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        shown = "" if name in SECRETS else f"={first['input']}"
        reason = format_sentence(describe_invalid(first))
        raise SettingsError(f"{name}{shown} is not usable: {reason}") from error
