"""
OpenAI's completions, without a server. In: a request's body and a loaded model. Out: the answer, in OpenAI's form.

The prompt is text, encoded without special tokens; `suffix` makes it a fill-in-the-middle request where the base knows
that format. What a request asks for and is not supported is refused, not passed over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ..mining.languages import language_named, language_of
from ..mining.pairs.pair import HOLE
from .generation import Generation, ModelGenerator
from .prompts import Prompt, is_whole

MOST_TOKENS = 256
"""Tokens of an answer, however many are asked for: others wait for it."""


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
    if type(limit) is not int or limit < 1:
        raise RefusedError("'max_tokens' must be a whole number from 1.")
    if type(temperature) not in (int, float) or not 0 <= temperature <= 10:
        raise RefusedError("'temperature' must be from 0 to 10.")
    if type(seed) is not int or seed < 0:
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
