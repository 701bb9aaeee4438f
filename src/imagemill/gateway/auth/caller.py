"""The caller of a request, and the jobs that the caller may see."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from imagemill.auth.api_key import ApiKey
from imagemill.auth.authentication import authenticate
from imagemill.auth.errors import AdminRequired, InsufficientScope
from imagemill.gateway.limits.rate_limit_middleware import charge
from imagemill.gateway.query_parameters import require_known_query
from imagemill.gateway.services import Services, ServicesDep
from imagemill.jobs.job import KeyId
from imagemill.jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request: an API key, or anonymous (no `key_id`) while none exists."""

    key_id: KeyId | None
    is_admin: bool
    is_metrics_only: bool = False

    @property
    def visible_owner(self) -> KeyId | None:
        """The key whose jobs the caller may see; None: the jobs of every key."""
        return None if self.is_admin else self.key_id


ANONYMOUS: Final = Caller(key_id=None, is_admin=True)

BEARER: Final = HTTPBearer(
    scheme_name="ApiKey",
    bearerFormat="imk_…",
    description="Made by `imagemill keys add NAME`. Required once the service has a key.",
    auto_error=False,
)
# None without an `Authorization: Bearer` header.
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


async def authenticate_caller(services: ServicesDep, request: Request, bearer: Bearer) -> Caller:
    """Return the caller, who may read and send jobs. Raises as authenticate_any does.

    FastAPI resolves a dependency before the route reads the body.
    """
    caller = await authenticate_any(services, request, bearer)
    if caller.is_metrics_only:
        raise InsufficientScope("This API key reads /metrics and nothing else.")
    return caller


async def authenticate_any(
    services: Services, request: Request, bearer: HTTPAuthorizationCredentials | None
) -> Caller:
    """Return the caller once PostgreSQL has confirmed the key, and charge the request to it.

    Raises KeyRefused, TooManyRequests, DatabaseUnavailable, and InvalidFields for unknown query
    parameters.
    """
    token = bearer.credentials if bearer else None
    key = ApiKey.parse(token) if token else None
    lookup = await services.key_loader.look_up(key.id if key else None)
    stored = authenticate(token, key, lookup, allows_anonymous=services.allows_anonymous)
    caller = Caller(stored.id, stored.is_admin, stored.is_metrics_only) if stored else ANONYMOUS
    await charge(request, caller.key_id)
    await require_known_query(request)
    return caller


CurrentCaller = Annotated[Caller, Depends(authenticate_caller)]


def require_admin(caller: Caller) -> None:
    """Raise AdminRequired unless the caller may see the jobs of every key."""
    if not caller.is_admin:
        raise AdminRequired("An admin's API key is required.")


async def _scope_to_caller(services: ServicesDep, caller: CurrentCaller) -> JobStore:
    return services.job_store.scoped_to(caller.visible_owner)


# The jobs that the caller may see.
ScopedJobStore = Annotated[JobStore, Depends(_scope_to_caller)]
