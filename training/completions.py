"""
OpenAI's completions, without a server. In: a request's body and a loaded model. Out: the answer, in OpenAI's form.

The prompt is text, encoded without special tokens, and the answer goes on where it ends; `suffix` makes it a
fill-in-the-middle request where the base knows that format. What a request asks for and is not supported is refused,
not passed over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..mining.languages import language_of
from ..mining.pairs.pair import HOLE
from .families import PLAIN
from .generation import Generation, ModelGenerator
from .prompts import EXAMPLE, Prompt, is_whole

USUAL_TOKENS, MOST_TOKENS = 64, 256
"""Tokens of an answer where none are asked for, and however many are: others wait for it."""
TAKEN = (
    "model", "prompt", "suffix", "path", "max_tokens", "temperature", "seed", "stop", "stream", "stream_options", "user"
)  # fmt: skip
"""The options of a request; `user` names somebody, and nothing is kept of anybody."""
CHANGE_NOTHING: Mapping[str, Any] = {
    "n": 1, "best_of": 1, "top_p": 1, "echo": False, "presence_penalty": 0, "frequency_penalty": 0, "logit_bias": {},
}  # fmt: skip
"""Options that clients send out of habit, with the one value that can be served: it asks for nothing."""


class RefusedError(Exception):
    """
    A request that cannot be answered; its text goes to the client.
    """

    status = 400
    code: str | None = None
    """What OpenAI calls this fault, where it has a name."""


class NoModelError(RefusedError):
    """
    A request to a model that is not here.
    """

    status = 404
    code = "model_not_found"


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
    line_end: str = "\n"
    """How lines end in the text that is gone on from; what is asked of a model has plain ones, as in training."""

    def ends(self, text: str) -> bool:
        """Claim that one of the stops is in *text*."""
        return any(end in text for end in self.stop)

    def cut(self, text: str) -> str:
        """Return *text* up to the first of the stops."""
        return min((text.partition(end)[0] for end in self.stop), key=len, default=text)

    def told(self, text: str) -> str:
        """Return *text*, an answer or a piece of one, with the line ends of what it goes on from."""
        return text if self.line_end == "\n" else text.replace("\r", "").replace("\n", self.line_end)


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What is answered.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    output_tokens: int
    faults: tuple[str, ...] | None = None
    """What is still wrong with the text, where it was asked to be right; None where nobody asked."""

    @classmethod
    def of(cls, written: Generation) -> Answer:
        """Return what a model has *written* as an answer."""
        return cls(written.text, written.finish_reason, written.prompt_tokens, written.output_tokens)


def read_ask(body: dict[str, Any], name: str, usual: str = EXAMPLE) -> Ask:
    """
    Return the checked request of *body*; one that names no path is for a file called *usual*.

    Raises `RefusedError` for what is missing, of the wrong kind, or not supported.
    """
    refuse_unsupported(body)
    text, suffix, path = take_prompt(body), take_text(body, "suffix", ""), take_text(body, "path", usual)
    if not (is_whole(text) and is_whole(path) and is_whole(suffix)):
        raise RefusedError("The text begins or ends within a character: half of a surrogate pair stands alone.")
    model = check_model(body.get("model", name), name)
    stream, options = body.get("stream", False), body.get("stream_options", {})
    if not isinstance(stream, bool) or not isinstance(options, dict):
        raise RefusedError("'stream' must be true or false, and 'stream_options' an object.")
    stop = body.get("stop", [])
    stop = [stop] if isinstance(stop, str) else stop
    if not isinstance(stop, list) or not all(isinstance(end, str) and end for end in stop):
        raise RefusedError("'stop' must be a text or a list of texts, none of them empty.")
    limit, temperature, seed = body.get("max_tokens", USUAL_TOKENS), body.get("temperature", 0.0), body.get("seed", 0)
    if type(limit) is not int or limit < 1:
        raise RefusedError("'max_tokens' must be a whole number from 1.")
    if type(temperature) not in (int, float) or not 0 <= temperature <= 10:
        raise RefusedError("'temperature' must be a number from 0 to 10.")
    if type(seed) is not int or seed < 0:
        raise RefusedError("'seed' must be a whole number, not negative.")
    if (language := language_of(path, data=text.encode())) is None:
        raise RefusedError(
            f"No language that is known here has files called {path!r}: leave 'path' out, or name one of your own to "
            "`idiolect serve` with --language."
        )
    around = text + suffix
    line_end = "\r\n" if 2 * around.count("\r\n") > around.count("\n") else "\n"
    text, suffix, *stop = (each.replace("\r\n", "\n") for each in (text, suffix, *stop))
    if suffix:
        if HOLE in text + suffix:
            raise RefusedError(f"The text contains {HOLE!r}, which marks the hole.")
        prompt = Prompt("infill", path, language.name, "", f"{text}{HOLE}{suffix}")
    else:
        prompt = Prompt(PLAIN, path, language.name, "", text)
    usage = options.get("include_usage") is True
    limit = min(limit, MOST_TOKENS)
    return Ask(prompt, model != "base", limit, float(temperature), seed, tuple(stop), stream, usage, line_end)


def check_model(model: Any, name: str) -> str:
    """Return *model*, which is *name* or `base`; raises `NoModelError` for any other."""
    if model not in (name, "base"):
        raise NoModelError(f"No model {model!r}; there are {name!r} and 'base'.")
    return model


def refuse_unsupported(body: Mapping[str, Any]) -> None:
    """Raise `RefusedError` for options that would be passed over: what they ask for would not be done."""
    # among the likeliest the likeliest is found, however few they are
    spared = "top_p" if body.get("temperature") == 0 else None
    for option, value in body.items():
        if option in CHANGE_NOTHING:
            if value != CHANGE_NOTHING[option] and option != spared:
                raise RefusedError(f"{option!r} other than {json.dumps(CHANGE_NOTHING[option])} is not supported.")
        elif option == "messages":
            raise RefusedError("There is no chat here: send the text to go on from as 'prompt'.")
        elif option not in TAKEN:
            raise RefusedError(f"{option!r} is not supported: leave it out. Taken are {', '.join(TAKEN)}.")


def take_prompt(body: Mapping[str, Any]) -> str:
    """Return the one prompt of *body*, which some clients send as a list."""
    text = body.get("prompt")
    text = text[0] if isinstance(text, list) and len(text) == 1 else text
    if not isinstance(text, str):
        raise RefusedError("'prompt' must be one text.")
    return text


def take_text(body: Mapping[str, Any], option: str, default: str) -> str:
    """Return the text that *body* gives for *option*."""
    text = body.get(option, default)
    if not isinstance(text, str):
        raise RefusedError(f"{option!r} must be a text.")
    return text


def complete(
    generator: ModelGenerator,
    ask: Ask,
    is_over: Callable[[str], bool],
    is_enough: Callable[[str], bool] = lambda _: False,
) -> Answer:
    """
    Return the answer to *ask*, up to the first of its stops, or to where *is_over* or *is_enough* says of it, enough.

    *is_over* is told all that is written, and so asked first.
    """
    ((_, answer),) = generator.generate(
        [ask.prompt],
        adapted=ask.adapted,
        max_tokens=[ask.max_tokens],
        temperature=ask.temperature,
        seed=ask.seed,
        is_over=[lambda text: is_over(text) or ask.ends(text) or is_enough(text)],
        ask_every=1,
    )
    if ask.ends(answer.text):
        answer = answer._replace(text=ask.cut(answer.text), finish_reason="stop")
    elif answer.finish_reason == "over":
        # clients know two words, and no end was written
        answer = answer._replace(finish_reason="length")
    return Answer.of(answer)


def render_head(model: str) -> dict[str, Any]:
    """Return what opens every part of one answer, in OpenAI's form."""
    now = time.time_ns()
    return {"id": f"cmpl-{now:x}", "object": "text_completion", "created": now // 10**9, "model": model}


def render_choice(text: str, finish_reason: str | None = None, faults: Sequence[str] | None = None) -> dict[str, Any]:
    """
    Return *text*, an answer or a piece of one, in OpenAI's form; no piece but the last has a reason.

    The *faults* of an answer that was asked to have none are a key of ours beside it.
    """
    choice = {"index": 0, "text": text, "finish_reason": finish_reason, "logprobs": None}
    return {"choices": [choice if faults is None else {**choice, "faults": [*faults]}]}


def render_usage(answer: Answer) -> dict[str, Any]:
    """Return the tokens of *answer* in OpenAI's form."""
    total = answer.prompt_tokens + answer.output_tokens
    tokens = {"prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.output_tokens, "total_tokens": total}
    return {"usage": tokens}
