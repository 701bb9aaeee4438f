"""What the routes work with, opened once at start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from imagemill.gateway.access.link_secret import LinkSecret
from imagemill.gateway.access.reception import Reception
from imagemill.gateway.access.scrapers import Scrapers
from imagemill.gateway.bounds.admission import Admission
from imagemill.gateway.bounds.budgets import Budgets
from imagemill.gateway.observing.gauges import LedgerGauges
from imagemill.gateway.waiting.hub import Hub
from imagemill.imaging.confine.level import Level
from imagemill.imaging.pipeline import Pipeline
from imagemill.imaging.sandbox import Capabilities
from imagemill.jobs.ledger import Ledger
from imagemill.jobs.line import Line
from imagemill.settings import Settings
from imagemill.storage.volume import Volume
from imagemill.webhooks.vetting import Vetting


@dataclass(frozen=True, slots=True)
class Parts:
    """The gateway's neighbours and what it learned of them at start."""

    settings: Settings
    ledger: Ledger
    gauges: LedgerGauges
    scrapers: Scrapers
    line: Line
    storage: Volume
    presets: Mapping[str, Pipeline]
    capabilities: Capabilities
    sandbox: Level
    hub: Hub
    reception: Reception
    link_secret: LinkSecret
    allows_anonymous: bool
    """Whether anybody is let in while there is no API key."""
    admission: Admission
    budgets: Budgets | None
    vetting: Vetting


# Not that it would wait for anything: FastAPI hands a plain function to a thread.
async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Gateway = Annotated[Parts, Depends(_parts)]
