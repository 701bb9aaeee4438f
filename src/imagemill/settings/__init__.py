"""Every setting: its environment name, its default and its unit.

Settings are read once, at start, into one frozen object; each part is handed only what it needs.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from limits import RateLimitItem, parse_many
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from imagemill.settings.addresses import PostgresAddress, RedisAddress
from imagemill.settings.secret_files import SECRETS, SecretFiles
from imagemill.settings.values import (
    ExistingFolder,
    Networks,
    Rate,
    SettingsError,
    VolumeUrl,
    Waits,
    WebhookSecrets,
)

MEBIBYTE: Final = 1024 * 1024


def available_cores() -> int:
    """Return how many cores this process may use: its affinity, not the machine's size."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """What the environment says, checked. Variables are the names in capitals."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    pg_host: str = Field("localhost", description="PostgreSQL's host")
    pg_port: int = Field(5432, ge=1, le=65535, description="PostgreSQL's port")
    pg_user: str = Field("imagemill", description="PostgreSQL's user")
    pg_password: SecretStr = Field(SecretStr(""), description="that user's password")
    pg_dbname: str = Field("imagemill", description="PostgreSQL's database")
    pg_pool_size: int = Field(
        10, ge=2, le=1000, description="most connections to PostgreSQL a process"
    )
    redis_host: str = Field("localhost", description="Redis' or Valkey's host")
    redis_port: int = Field(6379, ge=1, le=65535, description="Redis' or Valkey's port")
    redis_password: SecretStr = Field(SecretStr(""), description="its password, when it has one")
    storage_url: VolumeUrl = Field(
        "file:///app/storage", description="the folder that gateway and workers share"
    )
    disk_reserve_bytes: int = Field(
        16 * MEBIBYTE,
        ge=0,
        description="free space that uploads leave alone; below it they get 507",
    )
    presets_file: Path | None = Field(None, description="a TOML file with presets of your own")
    assets_dir: ExistingFolder | None = Field(
        None, description="folder of the images that watermarks may show"
    )
    max_upload_bytes: int = Field(50 * MEBIBYTE, ge=1, description="largest image accepted")
    max_pixels: int = Field(
        100_000_000, ge=1, description="most pixels of a picture, all its frames together"
    )
    max_frames: int = Field(1000, ge=1, description="most frames of an animation")
    max_attempts: int = Field(3, ge=1, le=100, description="tries before a job is FAILED")
    lease_seconds: float = Field(
        60, ge=0.5, le=86400, description="silence after which a worker's jobs are given to others"
    )
    job_timeout_seconds: float = Field(
        60, gt=0, le=86400, description="most wall-clock time of one try"
    )
    retention_seconds: float | None = Field(
        None,
        ge=1,
        le=100 * 365 * 86400,
        description="age at which ended jobs are deleted with their files; unset: kept for ever",
    )
    worker_concurrency: int = Field(
        default_factory=available_cores,
        ge=1,
        le=1024,
        description="pictures a worker processes at once",
    )
    # Address space, not memory in use. Measured at MAX_PIXELS: a WebP with alpha and three outputs
    # of full size needs 2.6 GiB, a JPEG to a thumbnail 0.2.
    child_memory_bytes: int = Field(
        3072 * MEBIBYTE,
        ge=256 * MEBIBYTE,
        description="address space of one image process; more fails the job, not the worker",
    )
    sandbox: Literal["required", "best-effort", "off"] = Field(
        "best-effort",
        description="whether image processes must be shut in, may be, or are not",
    )
    sandbox_process_per_job: bool = Field(
        default=False, description="a new image process for each job"
    )
    allow_anonymous: bool = Field(
        default=False, description="listen for more than this machine while there is no API key"
    )
    forwarded_allow_ips: Networks = Field(
        "127.0.0.1,::1",
        description="proxies that are believed whose request it is that they hand on",
    )
    rate_limit: Rate | None = Field(
        None, description="requests of an API key or an address, such as 100/minute; unset: any"
    )
    max_pending: int | None = Field(
        None, ge=1, description="waiting jobs from which on uploads get 503; unset: any number"
    )
    max_concurrent_uploads: int = Field(
        64, ge=1, le=10_000, description="uploads that a gateway receives at once"
    )
    header_timeout_seconds: float = Field(
        10, gt=0, description="time a client has to send a request's headers"
    )
    body_timeout_seconds: float = Field(
        30, gt=0, description="time a client may pause within a body, or in reading an answer"
    )
    idle_timeout_seconds: float = Field(
        75, gt=0, description="time a connection may wait for its next request"
    )
    webhook_secret: WebhookSecrets = Field(
        SecretStr(""), description="what webhooks are signed with; several while it is changed"
    )
    webhook_allow_private: bool = Field(
        default=False, description="send webhooks to addresses that are not public as well"
    )
    webhook_schedule_seconds: Waits = Field(
        (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
        description="waits between the tries of a webhook, separated by commas",
    )
    shutdown_grace_seconds: float = Field(
        30, ge=0, description="time a worker gives running jobs when it is told to stop"
    )
    health_port: int | None = Field(
        None, ge=0, le=65535, description="where a worker answers GET /healthz"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level that is logged"
    )
    log_format: Literal["json", "console"] | None = Field(
        None, description="unset: console on a terminal, else json"
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
        )

    @property
    def redis(self) -> RedisAddress:
        return RedisAddress(
            self.redis_host, self.redis_port, self.redis_password.get_secret_value()
        )

    @property
    def rate(self) -> RateLimitItem | None:
        """How many requests a caller may send in which time."""
        return None if self.rate_limit is None else parse_many(self.rate_limit)[0]

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)

    @property
    def retention(self) -> timedelta | None:
        """How long jobs are kept once they have ended; None: for ever."""
        return None if self.retention_seconds is None else timedelta(seconds=self.retention_seconds)

    @property
    def webhook_schedule(self) -> tuple[timedelta, ...]:
        """The waits between the tries of a webhook."""
        return tuple(timedelta(seconds=wait) for wait in self.webhook_schedule_seconds)

    @property
    def jobs_per_process(self) -> int:
        """After how many jobs an image process is replaced."""
        return 1 if self.sandbox_process_per_job else 500


def read_settings() -> Settings:
    """Return the settings of the environment. Raises SettingsError for the first wrong value."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        shown = "" if name in SECRETS else f"={first['input']}"
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}{shown} is not usable: {reason}.") from error
