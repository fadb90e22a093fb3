"""A small HTTP server with the tables of a service, and the ways in which one fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "canary-5f2b81"
"""The key that the service accepts, and that must be found nowhere."""


class Api(ThreadingHTTPServer):
    """The service. `tables` are rows by path; `trouble` says of a path how it fails, each time one less."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.trouble: dict[str, list[str]] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}/v1/"


@contextmanager
def serving() -> Iterator[Api]:
    """A server that runs until the end of the block."""
    api = Api()
    thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        api.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Api
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Gives a page of two rows, those since `updated_since`, with the address of the next page."""
        parts = urlsplit(self.path)
        name = parts.path.removeprefix("/v1/")
        self.server.asked.append(self.path)
        troubles = self.server.trouble.get(name, [])
        if troubles:
            return self._fail(troubles.pop(0))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._answer(401, {"error": "the key is wrong"})
        if name not in self.server.tables:
            return self._answer(404, {})
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        rows = [r for r in self.server.tables[name] if r.get("updated_at", "") >= asked.get("updated_since", "")]
        page = int(asked.get("page", "1"))
        more = len(rows) > page * 2
        query = "".join(f"{k}={v}&" for k, v in asked.items() if k != "page")
        following = f"{self.server.url}{name}?{query}page={page + 1}" if more else None
        return self._answer(200, {"rows": rows[page * 2 - 2 : page * 2], "next": following})

    def _fail(self, how: str) -> None:
        if how.startswith("to "):
            self.send_response(302)
            self.send_header("Location", how.removeprefix("to "))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif how == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"rows": [{"id": 1')
            self.close_connection = True
        elif how == "garbage":
            self._answer(200, "<html>maintenance")
        else:
            self._answer(int(how), {})

    def _answer(self, status: int, told: Any) -> None:
        text = (told if isinstance(told, str) else json.dumps(told)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if status in (429, 503):
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""
