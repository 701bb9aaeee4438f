"""A service with a worker, and pages of it in Chromium."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

from support.process import Service, answers, free_port, running_worker, wait_until

# Chromium says this of each answer that is no success, before the page does.
EXPECTED = "Failed to load resource"


@dataclass
class Site:
    """A gateway that can be stopped and started at the same address, and a worker."""

    environment: dict[str, str]
    folder: Path
    port: int = field(default_factory=free_port)
    _gateway: Service | None = None
    _worker: Service | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["Site"]:
        with running_worker(self.environment, self.folder / "worker.log") as self._worker:
            self.start()
            try:
                yield self
            finally:
                self.stop()

    def start(self) -> None:
        service = Service(
            ["api", "--port", str(self.port)], self.environment, self.folder / "api.log"
        )
        self._gateway = service
        wait_until(lambda: answers(service, self.port), "the gateway answers", service.logged)

    def stop(self) -> None:
        if self._gateway:
            self._gateway.stop()

    @contextmanager
    def frozen_worker(self) -> Iterator[None]:
        """Let no job be processed during the block."""
        assert self._worker
        self._worker.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._worker.process.send_signal(signal.SIGCONT)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=30)


@contextmanager
def page_of(browser: Browser, site: Site, path: str = "/", **options: object) -> Iterator[Page]:
    """Open a page of the site in a context of its own; fail for any error on its console."""
    errors: list[str] = []
    context = browser.new_context(base_url=site.url, accept_downloads=True, **options)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.on("console", lambda message: note_error(errors, message.type, message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(path)
        yield page
    finally:
        context.close()
    assert errors == []


def note_error(errors: list[str], kind: str, text: str) -> None:
    if kind == "error" and not text.startswith(EXPECTED):
        errors.append(text)


def wait_for(holds: Callable[[], bool], what: str, page: Page) -> None:
    wait_until(holds, what, lambda: page.inner_text("body"), timeout_seconds=30)
