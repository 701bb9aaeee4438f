"""The JavaScript client in Node.js, with a real server and with proxies that have faults."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.faults import first
from support.faulty_proxy import Exchange, Fault, run_proxy
from support.pictures import picture
from support.process import free_port
from support.proxy import Proxy
from support.server import Server

CLIENT = Path(__file__).parents[2] / "clients" / "js"
NODE = shutil.which("node")
CUT_INTERVAL_SECONDS = 0.3

pytestmark = [
    pytest.mark.javascript,
    pytest.mark.skipif(NODE is None, reason="there is no Node.js"),
]


def cut(exchange: Exchange) -> None:
    exchange.cut = True


def busy(exchange: Exchange) -> None:
    exchange.status, exchange.response_headers["Retry-After"] = 503, "2"


def damage(exchange: Exchange) -> None:
    exchange.body = exchange.body[:-1] + b"?"


def answer_html(exchange: Exchange) -> None:
    exchange.body = b"<html>Welcome!</html>"


def is_post(exchange: Exchange) -> bool:
    return exchange.method == "POST"


FAULTS: dict[str, Callable[[], Fault]] = {
    "lostUpload": lambda: first(1, cut, is_post),
    "lostChange": lambda: first(1, cut, is_post),
    "busyOnce": lambda: first(1, busy, lambda _: True),
    "busy": lambda: busy,
    "damaged": lambda: damage,
    "html": lambda: answer_html,
}


@contextmanager
def short_lived_connections(server: Server) -> Iterator[str]:
    """Yield the address of a proxy that cuts all its connections again and again."""
    address, is_over = urlsplit(server.url), threading.Event()

    def cut_them() -> None:
        while not is_over.wait(CUT_INTERVAL_SECONDS):
            proxy.cut()

    with Proxy.to(str(address.hostname), address.port or 0) as proxy:
        thread = threading.Thread(target=cut_them)
        thread.start()
        try:
            yield f"http://127.0.0.1:{proxy.port}"
        finally:
            is_over.set()
            thread.join()


@pytest.fixture(scope="module")
def server(addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server.running(addresses, tmp_path_factory.mktemp("server")) as server:
        yield server


def run_tests(name: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [str(NODE), "--test", str(CLIENT / "test" / name)],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_jobs_and_faults(server: Server, tmp_path: Path) -> None:
    photo = tmp_path / "Grüße “1”.jpg"
    photo.write_bytes(picture())
    nobody = f"http://127.0.0.1:{free_port()}"
    with ExitStack() as exit_stack:
        proxies = {
            name: exit_stack.enter_context(run_proxy(server.url, make())).url
            for name, make in FAULTS.items()
        }
        short_lived = exit_stack.enter_context(short_lived_connections(server))
        servers = {"plain": server.url, "nobody": nobody, "shortLived": short_lived, **proxies}
        environment = {
            "IMAGEMILL_TEST_SERVERS": json.dumps(servers),
            "IMAGEMILL_TEST_PHOTO": str(photo),
        }
        run_tests("client.test.js", environment)


def test_webhooks(server: Server) -> None:
    received = server.receive_webhook()
    delivery = {
        "body": received.body.decode(),
        "headers": received.headers,
        "secret": server.read_webhook_secret(),
    }
    run_tests("webhook.test.js", {"IMAGEMILL_TEST_DELIVERY": json.dumps(delivery)})


def test_streams() -> None:
    run_tests("sse.test.js", {})
