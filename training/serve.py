"""
An adapter behind an address. In: what answers requests. Out: a server of OpenAI's completions, on loopback only.

One request at a time: for an editor or a test on the same machine, not for a team. An answer ends early when whoever
asked goes away, or the server is closed; with `stream` it is sent as it grows, as server-sent events. The model's name
is the adapter's; asked for as `base`, the adapter is switched off.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .completions import Answer, Ask, RefusedError, check_model, read_ask, render_choice, render_head, render_usage
from .pieces import Pieces
from .prompts import EXAMPLE

LOOPBACK = "127.0.0.1"
OWN_NAMES = re.compile(r"(?:https?://)?(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?", re.IGNORECASE)
"""What this machine calls itself in `Host` and `Origin`. Any port: it may be forwarded."""
MOST_BYTES = 4 * 2**20
PIECE = 2**16
"""Bytes of a body that nobody wants which are read at once."""
LENGTH = re.compile(r"[0-9]{1,15}")
Write = Callable[[Ask, Callable[[str], bool]], Answer]
"""Takes a request, and who is told of its answer's text so far and says whether no more is wanted; returns it."""
CLOSED = "The server was ended before its answer was."
MODELS, COMPLETIONS = "/v1/models", "/v1/completions"


def try_port(port: int) -> None:
    """Raise `OSError` where no server can listen at *port* of the loopback."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((LOOPBACK, port))


def name_model(folder: Path) -> str:
    """Return what the adapter in *folder* is asked for as: what its folder is called, but for the base's own name."""
    name = folder.resolve().name
    return "adapter" if name == "base" else name


def hear_no_more(connection: socket.socket) -> None:
    """Read nothing from *connection* any more, also where somebody waits for it; what is written still goes out."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)


def render_error(message: str, code: str | None = None) -> dict[str, Any]:
    """Return a refusal in OpenAI's form."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}


class Handler(BaseHTTPRequestHandler):
    """
    One connection.
    """

    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] - only a `Server` makes one
    timeout = 60
    """Seconds that a client may keep silent within a request."""
    unread = 0
    """Bytes of the request's body that are still to come."""

    def setup(self) -> None:
        """Let the server know whom it waits for."""
        super().setup()
        self.server.open.add(self.connection)
        if self.server.closing.is_set():
            hear_no_more(self.connection)

    def finish(self) -> None:
        """Let the server forget it."""
        self.server.open.discard(self.connection)
        super().finish()

    def parse_request(self) -> bool:
        """Refuse what a web page asks: its name may have been made to lead here, and no key would stop it."""
        if not super().parse_request():
            return False
        length = self.headers.get("Content-Length", "")
        self.unread = int(length) if LENGTH.fullmatch(length) else 0
        others = [name for name in ("Host", "Origin") if not OWN_NAMES.fullmatch(self.headers.get(name, LOOPBACK))]
        if not others:
            return True
        if "Host" in others:
            self.refuse(403, "Asked by another name than this machine's own: use 127.0.0.1.")
        else:
            self.refuse(403, "Asked by a page of another site: pages of this machine's own are answered alone.")
        return False

    @property
    def address(self) -> str:
        """What is asked, without what stands behind its question mark."""
        return self.path.partition("?")[0]

    def turn_away(self) -> None:
        """Say that what is asked is not here, or not so, and what is."""
        message = f"No {self.command} {self.path!r} here; there are GET {MODELS} and POST {COMPLETIONS}."
        self.refuse(HTTPStatus.METHOD_NOT_ALLOWED if self.allowed else HTTPStatus.NOT_FOUND, message)

    @property
    def allowed(self) -> str:
        """The method that the address takes; empty where there is nothing."""
        is_model = self.address.startswith(f"{MODELS}/") and self.address != f"{MODELS}/"
        return "POST" if self.address == COMPLETIONS else "GET" if self.address == MODELS or is_model else ""

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_PUT = turn_away  # noqa: N815 - the names that http.server calls

    def do_GET(self) -> None:
        """Name the models, or tell of the one that is named."""
        before, _, name = self.address.partition(f"{MODELS}/")
        if self.address == MODELS:
            self.reply(200, {"object": "list", "data": [self.describe(self.server.name), self.describe("base")]})
        elif before or not name:
            self.turn_away()
        else:
            try:
                self.reply(200, self.describe(check_model(unquote(name), self.server.name)))
            except RefusedError as refusal:
                self.refuse(refusal.status, str(refusal), refusal.code)

    def describe(self, model: str) -> dict[str, Any]:
        """Return what there is to say of *model*, in OpenAI's form."""
        return {"id": model, "object": "model", "created": self.server.started, "owned_by": "idiolect"}

    def do_POST(self) -> None:
        """Answer, in one piece or as the answer grows."""
        if self.address != COMPLETIONS:
            self.turn_away()
            return
        try:
            ask = read_ask(self.read_body(), self.server.name, self.server.path)
        except RefusedError as refusal:
            self.refuse(refusal.status, str(refusal), refusal.code)
            return
        with self.server.turn:
            if self.server.closing.is_set():
                self.refuse(503, CLOSED)
                return
            if self.is_gone():
                return
            head = render_head(self.server.name if ask.adapted else "base")
            if ask.stream:
                self.stream(ask, head)
                return
            answer = self.server.write(ask, lambda _: self.is_gone())
        if self.server.closing.is_set():
            # half an answer would pass for a whole one
            self.refuse(503, CLOSED)
            return
        choice = render_choice(ask.told(answer.text), answer.finish_reason, answer.faults)
        self.reply(200, {**head, **choice, **render_usage(answer)})

    def stream(self, ask: Ask, head: Mapping[str, Any]) -> None:
        """Send the answer to *ask* as it grows."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        pieces = Pieces(ask.stop)

        def is_over(text: str) -> bool:
            if piece := pieces.take(text):
                self.send_event({**head, **render_choice(ask.told(piece))})
            return self.is_gone()

        answer = self.server.write(ask, is_over)
        if self.server.closing.is_set():
            self.send_event(render_error(CLOSED))
            return
        self.send_event(
            {**head, **render_choice(ask.told(pieces.rest(answer.text)), answer.finish_reason, answer.faults)}
        )
        if ask.stream_usage:
            self.send_event({**head, "choices": [], **render_usage(answer)})
        self.wfile.write(b"data: [DONE]\n\n")

    def send_event(self, body: Mapping[str, Any]) -> None:
        """Send *body* as one of a stream."""
        self.wfile.write(f"data: {json.dumps(body)}\n\n".encode())

    def is_gone(self) -> bool:
        """Claim that nobody waits for this answer any more."""
        if self.server.closing.is_set():
            return True
        try:
            self.connection.settimeout(0)
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.connection.settimeout(self.timeout)

    def read_body(self) -> dict[str, Any]:
        """Return what was sent; raises `RefusedError` for what is no JSON object, or too long."""
        if not LENGTH.fullmatch(self.headers.get("Content-Length", "")) or self.unread > MOST_BYTES:
            raise RefusedError(f"Give a Content-Length of at most {MOST_BYTES} bytes.")
        data, self.unread = self.rfile.read(self.unread), 0
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            raise RefusedError("The body is not JSON, or is nested too deeply.") from None
        if not isinstance(body, dict):
            raise RefusedError("The body is not a JSON object.")
        # clients send null for what they leave to the server
        return {key: value for key, value in body.items() if value is not None}

    def refuse(self, status: int, message: str, code: str | None = None) -> None:
        """Say why nothing is answered, in OpenAI's form."""
        # most clients listen only when they have sent all
        while self.unread > 0 and (piece := self.rfile.read(min(self.unread, PIECE))):
            self.unread -= len(piece)
        self.reply(status, render_error(message, code))

    def reply(self, status: int, body: dict[str, Any]) -> None:
        """Send *body*, whole; its length alone where only that is asked."""
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", self.allowed)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Say nothing: prompts are the user's own."""


class Server(ThreadingHTTPServer):
    """
    What writes answers, on loopback; port 0 takes a free one. `serve_forever` runs it.
    """

    daemon_threads = False
    """What computes must not be cut down with the process, which would end as a crash does: closing waits for it."""

    def __init__(self, write: Write, name: str, port: int, path: str = EXAMPLE) -> None:
        super().__init__((LOOPBACK, port), Handler)
        self.write = write
        self.name = name
        self.path = path
        """What a request is for that names no file."""
        self.started = int(time.time())
        self.turn = threading.Lock()
        """Held while an answer is computed."""
        self.closing = threading.Event()
        self.open: set[socket.socket] = set()
        """The connections that are being served."""

    def server_close(self) -> None:
        """Close the address, and return when every request has been told so and nothing is computed any more."""
        self.closing.set()
        for connection in tuple(self.open):
            hear_no_more(connection)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, unless a client hung up, which is no fault of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
