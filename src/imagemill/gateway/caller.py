"""Who asks, and which jobs that lets them see."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from imagemill.gateway.bounds.throttle import charge
from imagemill.gateway.parts import Gateway
from imagemill.jobs.job import KeyId
from imagemill.jobs.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the holder of an API key, or anybody while there is none."""

    key_id: KeyId | None
    is_admin: bool

    @property
    def reach(self) -> KeyId | None:
        """Whose jobs the caller may see; None: those of all."""
        return None if self.is_admin else self.key_id


ANYBODY = Caller(key_id=None, is_admin=True)


async def _caller() -> Caller:
    return ANYBODY


async def _counted(request: Request, caller: Annotated[Caller, Depends(_caller)]) -> Caller:
    await charge(request, caller.key_id)
    return caller


Asking = Annotated[Caller, Depends(_counted)]


def _jobs(gateway: Gateway, caller: Asking) -> Ledger:
    return gateway.ledger.within(caller.reach)


# The ledger as the caller may see it: what a route about jobs works with.
Jobs = Annotated[Ledger, Depends(_jobs)]
