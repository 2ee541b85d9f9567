"""
An adapter behind an address. In: a loaded model. Out: a server that speaks OpenAI's completions, on loopback only.

One request at a time: for an editor or a test on the same machine, not for a team. An answer ends early when whoever
asked goes away, or the server is closed; with `stream` it is sent as it grows, as server-sent events. The prompt is
text, encoded without special tokens; `suffix` makes it a fill-in-the-middle request where the base knows that format.
The model's name is the adapter's; asked for as `base`, the adapter is switched off.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from ..mining.languages import language_named, language_of
from ..mining.pairs.pair import HOLE
from .generation import Generation, ModelGenerator
from .pieces import Pieces
from .prompts import Prompt, is_whole

LOOPBACK = "127.0.0.1"
OWN_NAMES = re.compile(r"(?:https?://)?(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?", re.IGNORECASE)
"""What this machine calls itself in `Host` and `Origin`. Any port: it may be forwarded."""
MOST_BYTES = 4 * 2**20
MOST_TOKENS = 256
"""Tokens of an answer, however many are asked for: others wait for it."""
WAIT = 60
"""Seconds that a client may keep silent within a request."""


class RefusedError(Exception):
    """
    A request that cannot be answered; its text goes to the client.
    """


class Ask(NamedTuple):
    """
    One request, checked.
    """

    prompt: Prompt
    adapted: bool
    max_tokens: int
    temperature: float
    seed: int
    stop: tuple[str, ...]
    """Texts before which an answer ends."""
    stream: bool
    """Whether the answer is sent as it grows."""
    stream_usage: bool
    """Whether its tokens are counted at the end of the stream, too."""


def name_model(folder: Path) -> str:
    """Return what the adapter in *folder* is asked for as: what its folder is called, but for the base's own name."""
    name = folder.resolve().name
    return "adapter" if name == "base" else name


def make_server(generator: ModelGenerator, name: str, port: int) -> ThreadingHTTPServer:
    """Return a server of *generator* on loopback; port 0 takes a free one. `serve_forever` runs it."""
    turn, closing, started = threading.Lock(), threading.Event(), int(time.time())

    class Handler(BaseHTTPRequestHandler):
        timeout = WAIT

        def parse_request(self) -> bool:
            """Refuse what a web page asks: its name may have been made to lead here, and no key would stop it."""
            if not super().parse_request():
                return False
            if all(OWN_NAMES.fullmatch(self.headers.get(name, LOOPBACK)) for name in ("Host", "Origin")):
                return True
            self.reply(403, {"error": {"message": "Asked by another name than this machine's own: use 127.0.0.1."}})
            return False

        def do_GET(self) -> None:
            if self.path != "/v1/models":
                self.reply(
                    404, {"error": {"message": f"No {self.path!r} here; there are /v1/models, /v1/completions."}}
                )
                return
            about = {"object": "model", "created": started, "owned_by": "idiolect"}
            models = [{"id": model, **about} for model in (name, "base")]
            self.reply(200, {"object": "list", "data": models})

        def do_POST(self) -> None:
            if self.path != "/v1/completions":
                self.reply(404, {"error": {"message": f"No {self.path!r} here; there is /v1/completions."}})
                return
            try:
                ask = read_ask(self.read_body(), name)
            except RefusedError as refusal:
                self.reply(400, {"error": {"message": str(refusal), "type": "invalid_request_error"}})
                return
            with turn:
                if self.is_gone():
                    return
                head = render_head(name if ask.adapted else "base")
                if ask.stream:
                    self.stream(ask, head)
                    return
                answer = complete(generator, ask, lambda _: self.is_gone())
            self.reply(200, {**head, **render_choice(answer.text, answer.finish_reason), **render_usage(answer)})

        def stream(self, ask: Ask, head: Mapping[str, Any]) -> None:
            """Send the answer to *ask* as it grows."""
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Cache-Control", "no-cache")
            self.end_headers()
            pieces = Pieces(ask.stop)

            def is_over(text: str) -> bool:
                if piece := pieces.take(text):
                    self.send_event({**head, **render_choice(piece)})
                return self.is_gone()

            answer = complete(generator, ask, is_over)
            self.send_event({**head, **render_choice(pieces.rest(answer.text), answer.finish_reason)})
            if ask.stream_usage:
                self.send_event({**head, "choices": [], **render_usage(answer)})
            self.wfile.write(b"data: [DONE]\n\n")

        def send_event(self, body: Mapping[str, Any]) -> None:
            self.wfile.write(f"data: {json.dumps(body)}\n\n".encode())

        def is_gone(self) -> bool:
            """Claim that nobody waits for this answer any more."""
            if closing.is_set():
                return True
            try:
                self.connection.settimeout(0)
                return not self.connection.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return False
            except OSError:
                return True
            finally:
                self.connection.settimeout(WAIT)

        def read_body(self) -> dict[str, Any]:
            length = self.headers.get("Content-Length", "")
            if not (length.isascii() and length.isdigit()) or int(length) > MOST_BYTES:
                raise RefusedError(f"Give a Content-Length of at most {MOST_BYTES} bytes.")
            try:
                body = json.loads(self.rfile.read(int(length)))
            except (ValueError, RecursionError):
                raise RefusedError("The body is not JSON, or is nested too deeply.") from None
            if not isinstance(body, dict):
                raise RefusedError("The body is not a JSON object.")
            # clients send null for what they leave to the server
            return {key: value for key, value in body.items() if value is not None}

        def reply(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
            """Say nothing: prompts are the user's own."""

    class Server(ThreadingHTTPServer):
        def server_close(self) -> None:
            """Close the address, and return when nothing is computed any more: a process must not end meanwhile."""
            super().server_close()
            closing.set()
            with turn:
                pass

        def handle_error(self, request: Any, client_address: Any) -> None:
            # a client that hangs up is no fault of ours
            if not isinstance(sys.exception(), ConnectionError):
                super().handle_error(request, client_address)

    return Server((LOOPBACK, port), Handler)


def read_ask(body: dict[str, Any], name: str) -> Ask:
    """
    Return the checked request of *body*.

    Raises `RefusedError` for what is missing, of the wrong kind, or not supported.
    """
    text, suffix, model = body.get("prompt"), body.get("suffix"), body.get("model", name)
    path = str(body.get("path", "example.py"))
    if not isinstance(text, str):
        raise RefusedError("'prompt' must be one text.")
    if not is_whole(text) or not is_whole(path) or (isinstance(suffix, str) and not is_whole(suffix)):
        raise RefusedError("The text begins or ends within a character: half of a surrogate pair stands alone.")
    if model not in (name, "base"):
        raise RefusedError(f"No model {model!r}; there are {name!r} and 'base'.")
    if body.get("n", 1) != 1:
        raise RefusedError("'n' other than 1 is not supported.")
    stream, options = body.get("stream", False), body.get("stream_options", {})
    if not isinstance(stream, bool) or not isinstance(options, dict):
        raise RefusedError("'stream' must be true or false, and 'stream_options' an object.")
    if body.get("echo") or body.get("logprobs"):
        raise RefusedError("'echo' and 'logprobs' are not supported.")
    stop = body.get("stop", [])
    stop = [stop] if isinstance(stop, str) else stop
    if not isinstance(stop, list) or not all(isinstance(end, str) and end for end in stop):
        raise RefusedError("'stop' must be a text or a list of texts, none of them empty.")
    limit, temperature, seed = body.get("max_tokens", 64), body.get("temperature", 0.0), body.get("seed", 0)
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise RefusedError("'max_tokens' must be a whole number from 1.")
    if not isinstance(temperature, int | float) or not 0 <= temperature <= 10:
        raise RefusedError("'temperature' must be from 0 to 10.")
    if not isinstance(seed, int) or seed < 0:
        raise RefusedError("'seed' must be a whole number, not negative.")
    language = (language_of(path) or language_named("python")).name
    if isinstance(suffix, str) and suffix:
        if HOLE in text + suffix:
            raise RefusedError(f"The text contains {HOLE!r}, which marks the hole.")
        prompt = Prompt("infill", path, language, "", f"{text}{HOLE}{suffix}")
    else:
        prompt = Prompt("implement", path, language, "", text)
    usage = options.get("include_usage") is True
    limit = min(limit, MOST_TOKENS)
    return Ask(prompt, model != "base", limit, float(temperature), seed, tuple(stop), stream, usage)


def complete(generator: ModelGenerator, ask: Ask, is_over: Callable[[str], bool]) -> Generation:
    """Return the answer to *ask*, up to the first of its stops, or to where *is_over* says of what there is, enough."""

    def stopped(text: str) -> bool:
        return any(end in text for end in ask.stop)

    ((_, answer),) = generator.generate(
        [ask.prompt],
        adapted=ask.adapted,
        max_tokens=[ask.max_tokens],
        temperature=ask.temperature,
        seed=ask.seed,
        is_over=[lambda text: is_over(text) or stopped(text)],
        ask_every=1,
    )
    if not stopped(answer.text):
        return answer
    return answer._replace(text=min((answer.text.partition(end)[0] for end in ask.stop), key=len), finish_reason="stop")


def render_head(model: str) -> dict[str, Any]:
    """Return what opens every part of one answer, in OpenAI's form."""
    now = time.time_ns()
    return {"id": f"cmpl-{now:x}", "object": "text_completion", "created": now // 10**9, "model": model}


def render_choice(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    """Return *text*, an answer or a piece of one, in OpenAI's form; no piece but the last has a reason."""
    return {"choices": [{"index": 0, "text": text, "finish_reason": finish_reason, "logprobs": None}]}


def render_usage(answer: Generation) -> dict[str, Any]:
    """Return the tokens of *answer* in OpenAI's form."""
    total = answer.prompt_tokens + answer.output_tokens
    tokens = {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.output_tokens, "total_tokens": total}
    return {"usage": tokens}
