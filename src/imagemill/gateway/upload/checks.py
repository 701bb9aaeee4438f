"""Checks of an upload against this server: digest, formats, assets, and its callback address."""

import asyncio
from collections.abc import Container, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from imagemill.blocking import run_in_thread
from imagemill.field_errors import FieldError, InvalidFields, json_pointer
from imagemill.gateway.errors import MalformedRequest
from imagemill.imaging.formats import FORMATS, Format
from imagemill.imaging.spec.assets import Location, find_missing_assets, find_named_assets
from imagemill.imaging.spec.fonts import find_texts, find_undrawable_texts
from imagemill.imaging.spec.pipeline import Pipeline
from imagemill.storage.protocol import PendingFile
from imagemill.webhooks.resolver import NameUnresolved
from imagemill.webhooks.url import parse_callback_url
from imagemill.webhooks.vetting import AddressRefused, Vetting

DNS_TIMEOUT_SECONDS: Final = 3.0
# At once; while as many wait for name servers, other names are accepted without a lookup.
MAX_DNS_LOOKUPS: Final = 32


async def check_digest(pending_file: PendingFile, announced: str | None) -> None:
    """Raise MalformedRequest unless the image has the SHA-256 that the client announced, if any."""
    if announced is not None and announced != await pending_file.sha256():
        raise MalformedRequest("The image does not match its Repr-Digest.")


def check_formats(pipeline: Pipeline, supported: Container[Format]) -> None:
    """Raise InvalidFields for each output in a format that cannot be written here."""
    errors = [
        FieldError(json_pointer(("outputs", index, "format")), f"{output.format} {why}")
        for index, output in enumerate(pipeline.outputs)
        if output.format is not None
        and (why := _explain_unsupported(FORMATS[output.format], supported))
    ]
    if errors:
        raise InvalidFields(*errors)


def _explain_unsupported(format_: Format, supported: Container[Format]) -> str | None:
    if format_ in supported:
        return None
    extra = f": the extra `{format_.extra}` is not installed" if format_.extra else ""
    return f"cannot be written here{extra}"


async def check_assets(pipeline: Pipeline, folder: Path | None) -> None:
    """Raise InvalidFields for images that are not in `folder`, and texts that no font can draw."""
    if not (find_named_assets(pipeline) or find_texts(pipeline)):
        return
    unusable = await run_in_thread(lambda: [*_find_unusable(pipeline, folder)])
    if unusable:
        raise InvalidFields(*(FieldError(json_pointer(place), why) for place, why in unusable))


def _find_unusable(pipeline: Pipeline, folder: Path | None) -> Iterator[tuple[Location, str]]:
    yield from find_missing_assets(folder, find_named_assets(pipeline))
    yield from find_undrawable_texts(pipeline, folder)


async def check_callback_url(callback_url: str | None, vetting: Vetting) -> None:
    """Raise InvalidFields if the URL resolves to an address that is not public.

    This only tells the client early: the worker checks again at each delivery. So a name that does
    not resolve, or not in time, is accepted.
    """
    if callback_url is None:
        return
    try:
        with suppress(TimeoutError, NameUnresolved):
            async with asyncio.timeout(DNS_TIMEOUT_SECONDS):
                await vetting.resolve(parse_callback_url(callback_url))
    except AddressRefused:
        raise InvalidFields(
            FieldError("/callback_url", "resolves to an address that is not public")
        ) from None
