"""The protocol with one guard taken out at a time, and the test that notices."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Final

from imagemill.gateway.services import Services
from imagemill.gateway.upload import create_job
from imagemill.jobs import insertion, leases
from imagemill.jobs.job import Claim, IdempotencyKey, Job, NewJob
from imagemill.postgres.pool import DatabaseUnavailable
from imagemill.webhooks import deliveries
from imagemill.worker import job_fetcher as source

SetAttribute = Callable[[object, str, object], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change to the code, and the test that fails with it, as `FILE::FUNCTION`.

    `apply` changes attributes by `set_attribute`: the builtin, or one that can be undone.
    """

    test: str
    apply: Callable[[SetAttribute], None]


def without(
    module: ModuleType, statement: str, guard: str, instead: str = ""
) -> Callable[[SetAttribute], None]:
    """Take a guard out of an SQL statement."""

    def apply(set_attribute: SetAttribute) -> None:
        text = getattr(module, statement)
        if guard not in text:
            raise LookupError(f"{statement} has no {guard!r} any more")
        set_attribute(module, statement, text.replace(guard, instead))

    return apply


def without_sweep(set_attribute: SetAttribute) -> None:
    async def sweep(*_: object) -> tuple[Claim, ...]:
        return ()

    set_attribute(source.JobFetcher, "_sweep", sweep)


def with_the_file_deleted_whatever_became_of_the_row(set_attribute: SetAttribute) -> None:
    async def record(services: Services, new: NewJob, key: IdempotencyKey | None) -> Job:  # noqa: ARG001
        try:
            return await services.job_store.accept(new)
        except DatabaseUnavailable:
            await services.storage.delete(new.input_path)
            raise

    set_attribute(create_job, "_record", record)


CLAIMS: Final = "jobs/test_claims.py::"
LEASES: Final = "jobs/test_leases.py::"
KEYS: Final = "jobs/test_idempotency.py::"
DELIVERIES: Final = "webhooks/test_deliveries.py::"

MUTANTS: Final = MappingProxyType(
    {
        "a finish that does not look at the fence": Mutant(
            f"{LEASES}test_a_worker_cannot_end_its_own_later_attempt_with_an_earlier_result",
            without(leases, "FINISH", "AND fence = done.fence"),
        ),
        "a finish that does not look at the worker": Mutant(
            f"{LEASES}test_the_fence_alone_is_not_enough_for_another_worker",
            without(leases, "FINISH", "AND locked_by = %(worker)s"),
        ),
        "a heartbeat that does not look at the fence": Mutant(
            f"{LEASES}test_a_worker_cannot_end_its_own_later_attempt_with_an_earlier_result",
            without(leases, "HEARTBEAT", "AND j.fence = claim.fence"),
        ),
        "a heartbeat that does not look at the worker": Mutant(
            f"{LEASES}test_the_fence_alone_is_not_enough_for_another_worker",
            without(leases, "HEARTBEAT", "AND j.locked_by = %(worker)s"),
        ),
        "a release that does not look at the fence": Mutant(
            f"{LEASES}test_a_worker_cannot_end_its_own_later_attempt_with_an_earlier_result",
            without(leases, "RELEASE", "AND j.fence = claim.fence"),
        ),
        "a release that uses the attempt": Mutant(
            f"{LEASES}test_a_released_job_has_not_used_an_attempt",
            without(leases, "RELEASE", "CASE WHEN %(is_unused)s THEN 1 ELSE 0 END", "0"),
        ),
        "attempts that are not counted at the claim": Mutant(
            f"{LEASES}test_a_lost_worker_costs_an_attempt_and_the_last_one_ends_the_job",
            without(leases, "REAP", "j.attempts >= j.max_attempts", "false"),
        ),
        "claims that do not lock": Mutant(
            f"{CLAIMS}test_a_claim_skips_rows_that_another_has_locked",
            without(leases, "CLAIM", "FOR UPDATE SKIP LOCKED"),
        ),
        "a claim of jobs that are not due": Mutant(
            f"{LEASES}test_a_job_released_with_a_delay_is_not_due_before",
            without(leases, "CLAIM", "AND run_at <= now()"),
        ),
        "a reaper that does not wait for the lease": Mutant(
            f"{LEASES}test_a_lease_that_has_not_expired_is_not_reaped",
            without(leases, "REAP", "AND lease_expires_at < now()"),
        ),
        "an upload that fails when it is recorded twice": Mutant(
            "jobs/test_store.py::test_accepting_the_same_job_twice_records_it_once",
            without(insertion, "ACCEPT", "ON CONFLICT (id) DO NOTHING"),
        ),
        "a key that lets everybody through": Mutant(
            f"{KEYS}test_of_many_concurrent_uploads_with_one_key_one_is_recorded",
            without(insertion, "ACCEPT", "WHERE key IS NULL OR id IN (SELECT job_id FROM mine)"),
        ),
        "a key that the last one takes": Mutant(
            f"{KEYS}test_of_many_concurrent_uploads_with_one_key_one_is_recorded",
            without(insertion, "ACCEPT", "WHERE taken.created_at < now() - interval '24 h'"),
        ),
        "a key that is taken for ever": Mutant(
            f"{KEYS}test_a_key_can_be_reused_after_a_day_and_the_earlier_job_stays",
            without(insertion, "ACCEPT", "taken.created_at < now() - interval '24 h'", "false"),
        ),
        "a webhook's outcome that is recorded for any try": Mutant(
            f"{DELIVERIES}test_a_worker_whose_lease_expired_changes_nothing",
            without(deliveries, "RECORD", "AND tries = %(tries)s"),
        ),
        "a webhook's body that is made anew": Mutant(
            f"{DELIVERIES}test_a_body_that_may_have_been_sent_is_never_replaced",
            without(deliveries, "STORE_BODIES", "coalesce(d.body, new.body)", "new.body"),
        ),
        "a claim of webhooks without a lease": Mutant(
            f"{DELIVERIES}test_a_delivery_whose_worker_died_is_due_again_as_the_same_message",
            without(deliveries, "CLAIM", ", next_try_at = now() + %(lease)s"),
        ),
        "no sweep": Mutant(
            "service/test_redis_losses.py::test_a_wiped_redis_loses_nothing", without_sweep
        ),
        "a file that goes although the row may be there": Mutant(
            "gateway/test_upload.py"
            "::test_an_input_stays_when_nobody_knows_whether_its_job_was_recorded",
            with_the_file_deleted_whatever_became_of_the_row,
        ),
    }
)
