"""Proxies as processes, with the configurations of docs/proxies.md."""

import getpass
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from support.certificate import make_certificate
from support.process import free_port, wait_until

GUIDE = Path(__file__).parents[2] / "docs" / "proxies.md"
HOST = "images.example.com"
PREFIX = "/images"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin") or ""
CADDY = shutil.which("caddy") or ""
# What surrounds the part of nginx's configuration that the guide shows.
NGINX_CONFIG = """
daemon off;
user {user};
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {guide}
}}
"""
CADDY_CONFIG = """
{{
	admin off
	auto_https disable_redirects
	storage file_system {folder}
}}
{guide}
"""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy; `client` asks it for paths below the prefix."""

    client: httpx.Client
    port: int
    tls: ssl.SSLContext

    @contextmanager
    def connect(self) -> Iterator[ssl.SSLSocket]:
        """Open a connection for requests as bytes."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain,
            self.tls.wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            yield connection


def guide_of(language: str) -> str:
    """Return the configuration in this language that the guide shows."""
    found = re.search(rf"^```{language}\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"docs/proxies.md has no {language}"
    return found[1]


@contextmanager
def running_nginx(gateway: str, folder: Path, *, strips_prefix: bool) -> Iterator[Proxy]:
    port = free_port()
    text = _with_addresses(guide_of("nginx"), gateway, folder)
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ")
    if strips_prefix:
        text = text.replace("proxy_pass http://imagemill;", "proxy_pass http://imagemill/;")
    config = folder / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(user=getpass.getuser(), folder=folder, guide=text))
    with _running(
        [NGINX, "-e", "stderr", "-p", str(folder), "-c", str(config)], port, folder
    ) as proxy:
        yield proxy


@contextmanager
def running_caddy(gateway: str, folder: Path, *, strips_prefix: bool) -> Iterator[Proxy]:
    port = free_port()
    text = _with_addresses(guide_of("caddy"), gateway, folder)
    text = text.replace(f"{HOST} {{", f"https://{HOST}:{port} {{")
    if strips_prefix:
        text = text.replace("handle /images/*", "handle_path /images/*")
    config = folder / "Caddyfile"
    config.write_text(CADDY_CONFIG.format(folder=folder, guide=text))
    with _running(
        [CADDY, "run", "--adapter", "caddyfile", "--config", str(config)], port, folder
    ) as proxy:
        yield proxy


def _with_addresses(text: str, gateway: str, folder: Path) -> str:
    make_certificate(folder / "certificate.pem", folder / "key.pem", f"DNS:{HOST}")
    text = text.replace("127.0.0.1:8000", str(urlsplit(gateway).netloc))
    text = text.replace(f"/etc/ssl/certs/{HOST}.pem", str(folder / "certificate.pem"))
    return text.replace(f"/etc/ssl/private/{HOST}.key", str(folder / "key.pem"))


@contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[Proxy]:
    log = folder / "proxy.log"
    tls = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
    try:
        wait_until(lambda: _listens(process, port), "the proxy listens", log.read_text)
        with httpx.Client(
            base_url=f"https://127.0.0.1:{port}",
            headers={"Host": HOST},
            event_hooks={"request": [_name_host]},
            verify=tls,
            timeout=30,
        ) as client:
            yield Proxy(client, port, tls)
    finally:
        process.terminate()
        process.wait(15)


def _name_host(request: httpx.Request) -> None:
    """Ask for the certificate of the host, whose name leads nowhere."""
    request.extensions["sni_hostname"] = HOST


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None, "the proxy has ended"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
