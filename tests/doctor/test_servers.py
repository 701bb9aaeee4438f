"""Checks of PostgreSQL, Redis, the storage and the image processes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from imagemill.doctor import disk, image_processes, postgres, redis
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, Verdict
from imagemill.imaging.formats import HEIC, JPEG, PNG
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.sandbox import Capabilities
from imagemill.postgres.server_info import read_oldest_snapshot
from imagemill.settings import Settings
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from support.process import free_port
from support.servers import connect, redis_client


def verdicts(findings: Sequence[Finding]) -> dict[str, Verdict]:
    return {finding.subject: finding.verdict for finding in findings}


def sentence(findings: list[Finding], subject: str) -> str:
    (found,) = [finding.sentence for finding in findings if finding.subject == subject]
    return found


def with_settings(context: DoctorContext, **changes: object) -> DoctorContext:
    return replace(context, settings=context.settings.model_copy(update=changes))


async def test_healthy_servers_are_ok(context: DoctorContext) -> None:
    assert verdicts(await postgres.check(context)) == {
        "server": Verdict.OK, "durability": Verdict.OK, "schema": Verdict.OK,
        "writes": Verdict.OK, "snapshots": Verdict.OK,
    }  # fmt: skip
    assert verdicts(await redis.check(context)) == {"server": Verdict.OK, "memory": Verdict.OK}
    assert verdicts(await disk.check(context)) == {"storage": Verdict.OK, "free space": Verdict.OK}


async def test_commits_that_may_be_lost_are_bad(
    settings: Settings, postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("ALTER DATABASE imagemill SET synchronous_commit = off")
        try:
            async with DoctorContext.open(settings) as context:
                findings = await postgres.check(context)
        finally:
            connection.execute("ALTER DATABASE imagemill RESET synchronous_commit")
    assert verdicts(findings)["durability"] is Verdict.BAD
    assert "synchronous_commit is off" in sentence(findings, "durability")


async def test_a_snapshot_that_is_held_for_long_is_a_warning(
    context: DoctorContext, postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as holder, holder.transaction():
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT FROM jobs LIMIT 1")
        held = await read_oldest_snapshot(context.postgres)
        assert held is not None
        assert held.pid == holder.info.backend_pid
        assert postgres.check_snapshot(held).verdict is Verdict.OK
        finding = postgres.check_snapshot(replace(held, age=timedelta(minutes=12)))
    assert finding.verdict is Verdict.WARN
    assert "has been open for 12 minutes" in finding.sentence
    assert f"pg_terminate_backend({held.pid})" in (finding.advice or "")


@pytest.mark.parametrize(("version", "words"), [("0000", "is 0000"), ("9999", "a later version")])
async def test_another_schema_is_reported_and_unchanged(
    version: str, words: str, context: DoctorContext, postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as connection:
        (ours,) = connection.execute("SELECT version_num FROM alembic_version").fetchall()[0]
        connection.execute("UPDATE alembic_version SET version_num = %s", [version])
        try:
            findings = await postgres.check(context)
            left = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", [ours])
    assert verdicts(findings)["schema"] is Verdict.BAD
    assert words in sentence(findings, "schema")
    assert left == [(version,)]


async def test_a_redis_that_evicts_ids_is_a_warning(
    context: DoctorContext, redis_address: RedisAddress
) -> None:
    with redis_client(redis_address) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            findings = await redis.check(context)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert verdicts(findings)["memory"] is Verdict.WARN
    assert "allkeys-lru" in sentence(findings, "memory")


async def test_an_unavailable_redis_is_a_warning_since_jobs_are_processed_without_it(
    settings: Settings,
) -> None:
    async with DoctorContext.open(
        settings.model_copy(update={"redis_port": free_port()})
    ) as context:
        assert verdicts(await redis.check(context)) == {"server": Verdict.WARN}


async def test_an_unavailable_storage_is_not_taken_for_an_empty_one(
    context: DoctorContext, tmp_path: Path
) -> None:
    temporary = tmp_path / "storage" / "tmp"
    temporary.rmdir()
    assert verdicts(await disk.check(context)) == {"storage": Verdict.UNKNOWN}
    assert not temporary.exists()


async def test_a_full_disk_is_bad_and_a_nearly_full_one_a_warning(
    context: DoctorContext,
) -> None:
    full = with_settings(context, disk_reserve_bytes=1 << 60)
    assert verdicts(await disk.check(full))["free space"] is Verdict.BAD
    free = {finding.subject: finding for finding in await disk.check(context)}["free space"].facts
    nearly = with_settings(context, max_upload_bytes=free["free_bytes"] // 10)
    assert verdicts(await disk.check(nearly))["free space"] is Verdict.WARN


async def test_an_image_process_is_confined_and_supports_every_format(settings: Settings) -> None:
    confinement, formats = await image_processes.check(settings)
    assert verdicts(confinement.findings) == {"confinement": Verdict.OK}
    assert verdicts(formats.findings) == {
        "inputs": Verdict.OK,
        "outputs": Verdict.OK,
        "fonts": Verdict.OK,
    }


def test_a_partial_confinement_is_a_warning_that_names_what_is_missing() -> None:
    finding = image_processes.check_confinement(
        ConfinementLevel("partial", ("rlimits",), ("landlock", "seccomp"))
    )
    assert finding.verdict is Verdict.WARN
    assert (
        "only partly confined, by rlimits. This system lacks landlock and seccomp."
        in finding.sentence
    )


def test_unsupported_formats_are_a_warning() -> None:
    inputs, _ = image_processes.check_formats(Capabilities((JPEG, PNG, HEIC), (JPEG,)))
    assert inputs.verdict is Verdict.WARN
    assert "webp, avif, gif, tiff, jxl, bmp, ico; uploads" in inputs.sentence


def test_a_broken_font_of_watermarks_is_named(tmp_path: Path) -> None:
    assert image_processes.check_watermark_fonts(tmp_path).verdict is Verdict.OK
    (tmp_path / "broken.otf").write_bytes(b"no font")
    finding = image_processes.check_watermark_fonts(tmp_path)
    assert finding.verdict is Verdict.BAD
    assert "broken.otf" in finding.sentence
