"""What the doctor says of PostgreSQL, Redis, the disk and the image processes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from imagemill.doctor import disk, image_processes, postgres, redis
from imagemill.doctor.context import DoctorContext
from imagemill.doctor.findings import Finding, Verdict
from imagemill.imaging.formats import HEIC, JPEG, PNG
from imagemill.imaging.sandbox.confine.level import ConfinementLevel
from imagemill.imaging.sandbox.sandbox import Capabilities
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


async def test_servers_that_are_as_they_should_be_are_fine(context: DoctorContext) -> None:
    assert verdicts(await postgres.examine(context)) == {
        "server": Verdict.OK, "durability": Verdict.OK, "schema": Verdict.OK,
    }  # fmt: skip
    assert verdicts(await redis.examine(context)) == {"server": Verdict.OK, "memory": Verdict.OK}
    assert verdicts(await disk.examine(context)) == {"storage": Verdict.OK, "room": Verdict.OK}


async def test_a_commit_that_may_be_lost_is_bad(
    settings: Settings, postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("ALTER DATABASE imagemill SET synchronous_commit = off")
        try:
            async with DoctorContext.open(settings) as context:
                findings = await postgres.examine(context)
        finally:
            connection.execute("ALTER DATABASE imagemill RESET synchronous_commit")
    assert verdicts(findings)["durability"] is Verdict.BAD
    assert "synchronous_commit is off" in sentence(findings, "durability")


@pytest.mark.parametrize(("version", "told"), [("0000", "is 0000"), ("9999", "a later version")])
async def test_another_schema_is_named_and_left_as_it_is(
    version: str, told: str, context: DoctorContext, postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as connection:
        (ours,) = connection.execute("SELECT version_num FROM alembic_version").fetchall()[0]
        connection.execute("UPDATE alembic_version SET version_num = %s", [version])
        try:
            findings = await postgres.examine(context)
            left = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", [ours])
    assert verdicts(findings)["schema"] is Verdict.BAD
    assert told in sentence(findings, "schema")
    assert left == [(version,)]


async def test_a_redis_that_drops_ids_is_a_warning(
    context: DoctorContext, redis_address: RedisAddress
) -> None:
    with redis_client(redis_address) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            findings = await redis.examine(context)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert verdicts(findings)["memory"] is Verdict.WARN
    assert "allkeys-lru" in sentence(findings, "memory")


async def test_a_redis_that_is_away_is_a_warning_since_jobs_are_done_without_it(
    settings: Settings,
) -> None:
    async with DoctorContext.open(
        settings.model_copy(update={"redis_port": free_port()})
    ) as context:
        assert verdicts(await redis.examine(context)) == {"server": Verdict.WARN}


async def test_a_storage_that_is_away_is_not_taken_for_an_empty_one(
    context: DoctorContext, tmp_path: Path
) -> None:
    temporary = tmp_path / "storage" / "tmp"
    temporary.rmdir()
    assert verdicts(await disk.examine(context)) == {"storage": Verdict.UNKNOWN}
    assert not temporary.exists()


async def test_a_disk_is_bad_when_uploads_are_refused_and_a_warning_before(
    context: DoctorContext,
) -> None:
    full = with_settings(context, disk_reserve_bytes=1 << 60)
    assert verdicts(await disk.examine(full))["room"] is Verdict.BAD
    free = {finding.subject: finding for finding in await disk.examine(context)}["room"].facts
    nearly = with_settings(context, max_upload_bytes=free["free_bytes"] // 10)
    assert verdicts(await disk.examine(nearly))["room"] is Verdict.WARN


async def test_an_image_process_is_shut_in_and_proves_every_format(settings: Settings) -> None:
    walls, proofs = await image_processes.examine(settings)
    assert verdicts(walls.findings) == {"walls": Verdict.OK}
    assert verdicts(proofs.findings) == {"inputs": Verdict.OK, "outputs": Verdict.OK}


def test_walls_that_lack_something_are_a_warning_that_names_it() -> None:
    finding = image_processes.walls(
        ConfinementLevel("partial", ("rlimits",), ("landlock", "seccomp"))
    )
    assert finding.verdict is Verdict.WARN
    assert "only by rlimits. This system lacks landlock and seccomp." in finding.sentence


def test_formats_that_no_sample_proved_are_a_warning() -> None:
    inputs, _ = image_processes.formats(Capabilities((JPEG, PNG, HEIC), (JPEG,)))
    assert inputs.verdict is Verdict.WARN
    assert "webp, avif, gif, tiff here" in inputs.sentence
