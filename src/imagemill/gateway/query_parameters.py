"""Unknown query parameters are refused: one that is misspelt would otherwise have no effect."""

from typing import Final

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute

from imagemill.field_errors import FieldError, InvalidFields, json_pointer
from imagemill.near_misses import did_you_mean

QUERY: Final = "query"
# By the id of the operation: routes cannot be keys.
_DECLARED: Final[dict[str, frozenset[str]]] = {}


async def require_known_query(request: Request) -> None:
    """Raise InvalidFields if the query has a parameter that the route does not have.

    Routes with authentication call it after that.
    """
    if not request.scope["query_string"]:
        return
    known = _declared_by(request.scope["route"])
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise InvalidFields(*(_error(name, known) for name in unknown))


def _error(name: str, known: frozenset[str]) -> FieldError:
    meant = did_you_mean(name, known)
    return FieldError(json_pointer([QUERY, name]), f"is not a query parameter here{meant}")


def _declared_by(route: APIRoute) -> frozenset[str]:
    """Return the names of the query parameters that the OpenAPI document has for the route."""
    if route.unique_id not in _DECLARED:
        parsed = {
            field.alias
            for field in get_flat_params(route.dependant)
            if isinstance(field.field_info, params.Query)
        }
        read_by_hand = (route.openapi_extra or {}).get("parameters", ())
        names = parsed | {one["name"] for one in read_by_hand if one["in"] == QUERY}
        _DECLARED[route.unique_id] = frozenset(names)
    return _DECLARED[route.unique_id]
