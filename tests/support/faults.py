"""Faults of a server, for the proxy between it and a client."""

from collections.abc import Callable

from support.faulty_proxy import Exchange, Fault


def first(times: int, fault: Fault, when: Callable[[Exchange], bool]) -> Fault:
    """Return the fault, limited to so many exchanges that meet the condition."""
    left = iter(range(times))

    def limited(exchange: Exchange) -> None:
        if when(exchange) and next(left, None) is not None:
            fault(exchange)

    return limited


def is_upload(exchange: Exchange) -> bool:
    return exchange.path == "/upload"


def is_download(exchange: Exchange) -> bool:
    return "/outputs/" in exchange.path


def cut(exchange: Exchange) -> None:
    exchange.cut = True


def busy(exchange: Exchange) -> None:
    exchange.status, exchange.response_headers["Retry-After"] = 503, "1"
