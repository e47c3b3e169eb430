"""Serves a built site to this computer's browser, and over USB to a phone: on 127.0.0.1 only, with the page's headers.

Browsers allow Bluetooth on localhost without a certificate; `adb reverse` makes the phone's localhost this computer's.
"""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from untuck.errors import PhoneError, reason
from untuck.phone.site.build import LIST
from untuck.phone.site.headers import HEADERS, TYPES

HOST = "127.0.0.1"
_NAMES = ("localhost", HOST)  # a name that an attacker's page lets point here is not answered
_PACKED = (".html", ".css", ".js", ".mjs", ".json", ".webmanifest", ".wasm", ".svg", ".txt")


def make_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of this folder, whose serve_forever() runs it; port 0: any. Raises PhoneError if the port is taken."""
    try:
        return _Server((HOST, port), partial(_Handler, folder=folder.resolve()))
    except OSError as error:
        raise PhoneError(f"Port {port} cannot be used: {reason(error)}; another one: --port {port + 1}.") from error


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: Callable[..., BaseHTTPRequestHandler]) -> None:
        self._connections: set[Any] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Close the port, and the connections that browsers hold open."""
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows would let two programs have the port
            self.allow_reuse_address = False
        super().server_bind()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "untuck", ""

    def __init__(self, *args: object, folder: Path) -> None:
        self._folder = folder
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def _answer(self, *, with_body: bool) -> None:
        path = self._path()
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        packs = path.suffix in _PACKED and "gzip" in self.headers.get("Accept-Encoding", "")
        body = _packed(path, path.stat().st_mtime_ns) if packs else path.read_bytes()
        self.send_response(HTTPStatus.OK)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", TYPES.get(path.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        if packs:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _path(self) -> Path | None:
        """The file that is asked for; None if the site has none, or the request is not for this server."""
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in _NAMES:
            return None
        name = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
        path = (self._folder / name).resolve()
        inside = path.is_relative_to(self._folder) and path.is_file() and name != LIST
        return path if inside else None


@lru_cache(maxsize=64)
def _packed(path: Path, changed_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), 6, mtime=0)
