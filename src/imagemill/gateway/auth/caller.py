"""Who asks, and which jobs that lets them see."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from imagemill.auth.api_key import ApiKey
from imagemill.gateway.auth.authentication import admit
from imagemill.gateway.errors import NoAdmin
from imagemill.gateway.limits.rate_limit_middleware import charge
from imagemill.gateway.services import Gateway
from imagemill.jobs.job import KeyId
from imagemill.jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the holder of an API key, or anybody while there is none."""

    key_id: KeyId | None
    is_admin: bool

    @property
    def owner(self) -> KeyId | None:
        """Whose jobs the caller may see; None: those of all."""
        return None if self.is_admin else self.key_id


ANYBODY = Caller(key_id=None, is_admin=True)

BEARER: Final = HTTPBearer(
    scheme_name="ApiKey",
    bearerFormat="imk_…",
    description="Made by `imagemill keys add NAME`. Needed as soon as the service has a key.",
    auto_error=False,
)
# What stands behind `Authorization: Bearer`, None without it.
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


async def caller_of(gateway: Gateway, request: Request, bearer: Bearer) -> Caller:
    """Return who asks, as PostgreSQL has it at this moment. Raises KeyRefused, TooManyRequests.

    Asked for before anything of a body is read: a dependency of a route comes first.
    """
    shown = bearer.credentials if bearer else None
    key = ApiKey.parse(shown) if shown else None
    found = await gateway.key_loader.look_up(key.id if key else None)
    known = admit(shown, key, found, allows_anonymous=gateway.allows_anonymous)
    caller = Caller(known.id, known.is_admin) if known else ANYBODY
    await charge(request, caller.key_id)
    return caller


CurrentCaller = Annotated[Caller, Depends(caller_of)]


def require_admin(caller: Caller) -> None:
    """Raise NoAdmin unless the caller may know of the jobs of all."""
    if not caller.is_admin:
        raise NoAdmin("This asks for the API key of an admin.", "insufficient_scope")


async def _jobs(gateway: Gateway, caller: CurrentCaller) -> JobStore:
    return gateway.job_store.scoped_to(caller.owner)


# The ledger as the caller may see it: what a route about jobs works with.
Jobs = Annotated[JobStore, Depends(_jobs)]
