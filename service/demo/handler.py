"""The demo store's HTTP: paths, tokens, statuses and headers."""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from service.demo.admin import Reply, answer, cursor_refused, internal_error
from service.demo.faults import Fault
from service.demo.pairs import ACCESS_SECONDS, REFRESH_SECONDS
from service.demo.schema import served

if TYPE_CHECKING:
    from service.demo.server import DemoStore

GRAPHQL = re.compile(r"/admin/api/([\w-]+)/graphql\.json")
TOKEN_LIFE_SECONDS = 86399
CHUNK = 1 << 16
PAGES = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}
WORDS = {
    401: "[API] Invalid API key or access token (unrecognized login or wrong password)",
    402: "This shop's plan does not have access to this feature",
    403: "Forbidden",
    404: "Not Found",
    423: "This shop is locked",
    429: "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service.",
    430: "Shopify Security Rejection",
}
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, store: DemoStore, port: int) -> None:
        self.store = store
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends connections that clients keep alive, so that nobody waits for a store that is gone."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is nobody's trouble; anything else is a bug to see."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave in one piece
    server: Server

    @property
    def store(self) -> DemoStore:
        return self.server.store

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if match := GRAPHQL.fullmatch(path):
            self._graphql(match[1], body)
        elif path == "/admin/oauth/access_token":
            self._grant_token(body)
        else:
            self._words(404)

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/admin/oauth/access_scopes.json":
            self._scopes()
        elif path.path.startswith("/files/"):
            signature = parse_qs(path.query).get("X-Goog-Signature", [""])[0]
            self._file(path.path.removeprefix("/files/"), signature)
        else:
            self._words(404)

    def _graphql(self, asked: str, body: bytes) -> None:
        version = served(asked, self.store.shop.versions)
        if version is None:
            return self._words(404)
        if not self._has_token():
            return self._words(401)
        fault = self.store.next_fault()
        if fault and fault.kind == "status":
            self._saw("graphql", Reply({}, fault.status))
            return self._words(fault.status)
        reply = self._reply(version, body, fault)
        self._saw("graphql", reply)
        headers = {"X-Shopify-API-Version": version, **reply.headers}
        content = json.dumps(reply.body, ensure_ascii=False).encode()
        if fault and fault.kind == "reset":
            return self._reset(content)
        return self._send(reply.status, JSON, content, headers)

    def _reply(self, version: str, body: bytes, fault: Fault | None) -> Reply:
        if (fault and fault.kind == "internal_error") or self.store.is_broken(body):
            return internal_error()
        if self.store.loses_cursor(body):
            return cursor_refused()
        is_debugged = self.headers.get("Shopify-Search-Query-Debug") == "1"
        return answer(self.store.shop, version, body, bool(fault and fault.kind == "throttle"), is_debugged)

    def _has_token(self) -> bool:
        return self.store.admits(self.headers.get("X-Shopify-Access-Token", ""))

    def _scopes(self) -> None:
        if not self._has_token():
            return self._words(401)
        scopes = sorted(self.store.shop.scopes)
        self._saw("scopes", Reply({}))
        return self._json(200, {"access_scopes": [{"handle": scope} for scope in scopes]})

    def _grant_token(self, body: bytes) -> None:
        """Client credentials or a refresh token, for a token. A refusal because of the app comes as a page."""
        asked = self._form(body)
        kind = asked.get("grant_type", "")
        if not self.store.is_installed:
            self._saw("token", Reply({}, 400, name=kind))
            return self._html(400, "Oauth error app_not_installed")
        status, reply = self._granted(kind, asked)
        self._saw("token", Reply({}, status, name=kind))
        if status == 200 and self.store.next_lost_grant():
            return self._reset(json.dumps(reply).encode())
        return self._json(status, reply)

    def _granted(self, kind: str, asked: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        if (asked.get("client_id"), asked.get("client_secret")) != (self.store.client_id, self.store.client_secret):
            return 400, {"error": "invalid_client", "error_description": "The client secret is invalid."}
        scope = ",".join(sorted(self.store.shop.scopes))
        if kind == "client_credentials":
            token = self.store.new_token()
            return 200, {"access_token": token, "scope": scope, "expires_in": TOKEN_LIFE_SECONDS}
        if kind != "refresh_token":
            return 400, {"error": "unsupported_grant_type"}
        pair = self.store.pairs.exchange(asked.get("refresh_token", ""), self.store.now)
        if pair is None:
            return 400, {"error": "invalid_grant", "error_description": "The refresh token is invalid."}
        return 200, {
            "access_token": pair.access_token,
            "expires_in": ACCESS_SECONDS,
            "refresh_token": pair.refresh_token,
            "refresh_token_expires_in": REFRESH_SECONDS,
            "scope": scope,
        }

    def _form(self, body: bytes) -> dict[str, str]:
        text = body.decode("utf-8", "replace")
        if "json" in self.headers.get("Content-Type", ""):
            try:
                found = json.loads(text)
            except ValueError:
                found = None
            return found if isinstance(found, dict) else {}
        return {name: values[0] for name, values in parse_qs(text).items()}

    def _file(self, name: str, signature: str) -> None:
        """A bulk file, streamed: no Shopify token, only the signed address."""
        path = self.store.shop.bulk.file(name, signature)
        self._saw("file", Reply({}, 200 if path else 403, fields=(name,)))
        if path is None:
            return self._send(403, "application/xml", b"<Error><Code>AccessDenied</Code></Error>")
        silently = self.store.next_truncation()
        size = path.stat().st_size
        sent = size if silently is None else _cut(path, size, silently)
        self._head(200, "application/jsonl", sent if silently else size)
        with path.open("rb") as file:
            while sent > 0 and (chunk := file.read(min(CHUNK, sent))):
                self.wfile.write(chunk)
                sent -= len(chunk)
        self.close_connection = silently is not None
        return None

    def _reset(self, content: bytes) -> None:
        """Half of the answer, then a reset instead of an orderly end."""
        self._head(200, JSON, len(content))
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _words(self, status: int) -> None:
        """A refusal by status, as Shopify words it; a gateway's comes as a page."""
        if status in (502, 503, 504):
            return self._html(status, PAGES[status])
        headers = {"Retry-After": "2.0"} if status == 429 else {}
        body = {"errors": WORDS.get(status) or PAGES.get(status, "Error")}
        return self._send(status, JSON, json.dumps(body).encode(), headers)

    def _json(self, status: int, body: Mapping[str, Any]) -> None:
        self._send(status, JSON, json.dumps(body).encode())

    def _html(self, status: int, title: str) -> None:
        page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        self._send(status, HTML, page.encode())

    def _send(self, status: int, kind: str, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self._head(status, kind, len(content), headers or {})
        self.wfile.write(content)

    def _head(self, status: int, kind: str, size: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        self.send_header("X-Request-Id", str(uuid4()))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _saw(self, kind: str, reply: Reply) -> None:
        self.store.saw(kind, reply)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header: the shop's clock."""
        return formatdate(self.store.now if timestamp is None else timestamp, usegmt=True)

    def version_string(self) -> str:
        return "demo-store"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has
        """Silence: `store.requests` is the log."""


def _cut(path: Path, size: int, silently: bool) -> int:
    """How much of a truncated file is sent: half, up to the end of a line when nobody is to notice."""
    half = size // 2
    if not silently:
        return half
    with path.open("rb") as file:
        return file.read(half).rfind(b"\n") + 1
