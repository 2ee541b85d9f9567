"""
A larger model behind an OpenAI-compatible server. In: a URL and a model's name. Out: a `Generator` for the rival arm.

Asks `/completions`, and `/chat/completions` where a server has only that; a model that was taught a corpus's rows is
asked as they ask. Where a server is busy or fails, it is asked again a few times, with longer pauses. What still fails
ends the run as long as nothing was answered, for nothing would be; then it is a sample with status `infra_error`, never
a wrong answer.
"""

from __future__ import annotations

import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, ClassVar

from ..mining.artefacts import sha256_json
from ..mining.errors import InputError
from ..mining.rows import SYSTEM, SYSTEM_FORMS, prompt_text
from .arms import Generation, IsOver, Request

TRIES = 4
PAUSE = 1.0
"""Seconds before the second try; doubled before each further one, unless the server says how long to wait."""
LONGEST_PAUSE = 30.0
SECONDS = 120.0
PARALLEL = 4
LARGEST_ANSWER = 5_000_000
"""Bytes of a response that are read: a server that never ends costs one sample."""
CHAT_ASK = "Continue this file. Answer with the lines that come next and nothing else, indented as in the file."
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
FORMLESS = frozenset({400, 404, 405, 410, 422, 501})
"""How servers that have only chat refuse the plain form."""
OPTIONAL: Mapping[str, str | None] = {"max_tokens": "max_completion_tokens", "temperature": None, "seed": None}
"""Options that some models do not take, with what they take instead; a server that refuses one names it."""
LONGEST_REASON = 300
HOPELESS = {
    401: "Set IDIOLECT_ENDPOINT_KEY to the key of that server.",
    **dict.fromkeys(
        (301, 302, 303, 307, 308), "It sends requests elsewhere, and no key goes there unasked: give that URL."
    ),
    403: "The key in IDIOLECT_ENDPOINT_KEY may not use that model.",
    404: "Check the URL, which ends with the version (…/v1), and the model's name.",
}
"""What no request of the run will get past, and the way out."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """
    Follows no server to another: a key is for the one that was named, and an answer from elsewhere is nobody's.
    """

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Return no further request, so that the redirect is an error."""
        return


OPENER = urllib.request.build_opener(NoRedirect)


class RefusedError(Exception):
    """
    The server answered with an error that trying again will not mend.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


@dataclass
class EndpointGenerator:
    """
    A model behind an endpoint.
    """

    url: str
    """Up to and with the version: `http://127.0.0.1:8000/v1`."""
    model: str
    context_length: int = 8192
    taught: str | None = None
    """The form of the rows that the model was taught, one of `rows.ROWS`; None where it was taught nothing of ours."""
    chat: bool | None = None
    """Whether the server is asked in chat form; None until it has been asked once."""
    answered: bool = False
    """Whether the server has answered anything yet."""
    renamed: dict[str, str | None] = field(default_factory=dict[str, str | None])
    """What the model takes instead of an option, or None where it is left out."""
    pause: float = PAUSE
    chatty: ClassVar[bool] = True
    """Answers may say more than code: what a server makes of a request is not known before it was asked."""

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise InputError(f"--endpoint {self.url!r} is no URL. Give one such as http://127.0.0.1:8000/v1")
        self.url = self.url.rstrip("/")
        if self.taught is not None:
            self.chat = self.taught != "completion"

    @property
    def fingerprint(self) -> Mapping[str, str]:
        """What decides the output, as far as a server tells: its name for the model."""
        told = {"base": self.model, "engine": "endpoint", "url_sha256": sha256_json(self.url)[:16]}
        return told if self.taught is None else {**told, "taught": self.taught}

    def greet(self) -> None:
        """Ask for one line. Raises `InputError` where nothing is answered: before others have answered for an hour."""
        list(self.generate([Request("implement", "a.py", "python", "", "def f():")], adapted=False, max_tokens=[16]))

    def count_tokens(self, text: str) -> int:
        """Return an estimate: a server counts in its own tokens."""
        return len(text) // 3 + 1

    def count_prompt(self, request: Request) -> int:
        """Return an estimate of the prompt in chat form, the longer one."""
        return self.count_tokens(f"{CHAT_ASK}\n{render_prompt(request)}")

    def generate(
        self,
        requests: Sequence[Request],
        *,
        adapted: bool,
        max_tokens: Sequence[int],
        temperature: float = 0.0,
        seed: int = 0,
        is_over: Sequence[IsOver] | None = None,
    ) -> Iterator[tuple[int, Generation]]:
        """Yield (index, generation) for every request; a server has one model, and is not stopped early."""
        del adapted, is_over
        jobs = [
            {"max_tokens": limit, "temperature": temperature, "seed": seed, "prompt": render_prompt(request)}
            for request, limit in zip(requests, max_tokens, strict=True)
        ]
        if jobs and not self.answered:
            # the first request alone finds out which form and which options the server understands
            yield 0, self.ask(jobs[0])
            yield from self.ask_all(jobs, range(1, len(jobs)))
        else:
            yield from self.ask_all(jobs, range(len(jobs)))

    def ask_all(self, jobs: Sequence[Mapping[str, Any]], places: Sequence[int]) -> Iterator[tuple[int, Generation]]:
        """Ask a few at a time."""
        with ThreadPoolExecutor(PARALLEL) as pool:
            yield from zip(places, pool.map(self.ask, (jobs[place] for place in places)), strict=True)

    def ask(self, job: Mapping[str, Any]) -> Generation:
        """Return the answer to one job, or one that says `error`."""
        started = time.perf_counter()
        try:
            body = self.post(job)
            text, finish, usage = read_answer(body)
            tokens = (int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
        except (RefusedError, AttributeError, ValueError, KeyError, TypeError, IndexError, OSError) as error:
            if isinstance(error, RefusedError) and (error.status in HOPELESS or not self.answered):
                raise InputError(self.say_refusal(error)) from None
            return Generation("", "error", 0, 0, time.perf_counter() - started)
        return Generation(text, "length" if finish == "length" else "stop", *tokens, time.perf_counter() - started)

    def say_refusal(self, error: RefusedError) -> str:
        """Return what the server says to every request, and the way out."""
        says = f"says {error.status} {error}" if error.status else f"does not answer: {error}"
        way = HOPELESS.get(error.status, "Mend that, or leave --endpoint out.")
        return f"{self.url} {says.rstrip('.')}. {way} What other arms have answered is kept."

    def post(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Send one job in the form the server understands."""
        if self.chat is None:
            try:
                body = self.send_fitting("/completions", job)
                self.chat = False
            except RefusedError as error:
                if error.status not in FORMLESS:
                    raise
                self.chat = True
            else:
                return body
        if self.chat:
            return self.send_fitting("/chat/completions", as_chat(job, self.taught))
        return self.send_fitting("/completions", job)

    def send_fitting(self, path: str, job: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request with the options that the model takes; which they are shows before its first answer."""
        while True:
            names = {option: self.renamed.get(option, option) for option in job}
            try:
                body = self.send(path, {name: job[option] for option, name in names.items() if name})
            except RefusedError as error:
                refused = next((o for o in OPTIONAL if re.search(rf"\b{o}\b", str(error)) and names.get(o) == o), None)
                if self.answered or error.status not in (400, 422) or refused is None:
                    raise
                self.renamed[refused] = OPTIONAL[refused]
            else:
                self.answered = True
                return body

    def send(self, path: str, job: Mapping[str, Any]) -> dict[str, Any]:
        """
        Send one request, again where the server is busy.

        Raises `RefusedError` for an error that stays.
        """
        data = json.dumps({"model": self.model, **job}).encode()
        headers = {"Content-Type": "application/json", **key_header()}
        pause, tries = self.pause, TRIES
        while True:
            tries -= 1
            request = urllib.request.Request(self.url + path, data, headers)  # noqa: S310 - http and https only
            try:
                with OPENER.open(request, timeout=SECONDS) as response:
                    return json.loads(response.read(LARGEST_ANSWER))
            except urllib.error.HTTPError as error:
                if error.code not in BUSY or not tries:
                    raise RefusedError(error.code, read_reason(error)) from None
                asked = error.headers.get("Retry-After", "")
                # a busy server that says 0 would be asked without end in sight
                pause = max(pause, float(asked)) if asked.isdigit() else pause
            except (OSError, HTTPException, ValueError) as error:
                if not tries:
                    told = "what it sends is no JSON" if isinstance(error, ValueError) else say_fault(error)
                    raise RefusedError(0, told) from None
            time.sleep(min(pause, LONGEST_PAUSE))
            pause *= 2


def say_fault(error: Exception) -> str:
    """Return why no server could be asked, in the machine's words and without what Python puts around them."""
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason)


def read_reason(error: urllib.error.HTTPError) -> str:
    """Return why a server refuses, in its own words where it has some."""
    with suppress(OSError, HTTPException, ValueError, AttributeError):
        body: Any = json.loads(error.read(LARGEST_ANSWER))
        told: Any = body.get("error") or body.get("message") or body.get("detail")
        told = told if isinstance(told, str) else told.get("message")
        if isinstance(told, str) and told.strip():
            return told.strip()[:LONGEST_REASON]
    return str(error.reason)


def render_prompt(request: Request) -> str:
    """Return a request as plain text, as a file that is to be continued."""
    return prompt_text(request.path, request.context, request.instruction) + "\n"


def as_chat(job: Mapping[str, Any], taught: str | None) -> dict[str, Any]:
    """Return a completion job in chat form: as the rows ask that the model was *taught*, if any."""
    prompt = str(job["prompt"])
    asked = f"{CHAT_ASK}\n\n```\n{prompt}```" if taught is None else prompt.removesuffix("\n")
    system = [{"role": "system", "content": SYSTEM}] if taught in SYSTEM_FORMS else []
    return {
        **{k: v for k, v in job.items() if k != "prompt"},
        "messages": [*system, {"role": "user", "content": asked}],
    }


def read_answer(body: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    """Return text, finish reason and usage of either form of answer."""
    choice = body["choices"][0]
    text = choice["message"]["content"] if "message" in choice else choice["text"]
    if not isinstance(text, str):
        raise ValueError("the answer holds no text")
    return text, str(choice.get("finish_reason")), body.get("usage") or {}


def key_header() -> dict[str, str]:
    """Return the header that carries the user's key, where there is one."""
    key = os.environ.get("IDIOLECT_ENDPOINT_KEY", "")
    return {"Authorization": f"Bearer {key}"} if key else {}
