"""Uploads as clients send them."""

from typing import Any

from support.pictures import picture

RAW = {"Content-Type": "application/octet-stream"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


def form(content: bytes = b"", name: str = "cat.jpg", **fields: str) -> dict[str, Any]:
    return {"files": {"file": (name, content or picture())}, "data": fields}


def multipart(*parts: tuple[str, str | None, bytes]) -> bytes:
    body = b""
    for name, filename, content in parts:
        extra = f'; filename="{filename}"' if filename else ""
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
        body += content + b"\r\n"
    return body + b"--b--\r\n"
