"""
Prompt formats. In: a tokenizer. Out: a `Family` that turns a request and its answer into token ids.

Everything is probed from the tokenizer; what cannot be probed is refused, never guessed. Text from a repository is
encoded with special tokens switched off, so that a file that mentions `<|endoftext|>` cannot end a document. Prompt and
answer are encoded apart and joined by ids: a prompt encoded alone is often no prefix of prompt plus answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain
from typing import Any, NamedTuple

from ..mining.artefacts import sha256_json
from ..mining.errors import InputError
from ..mining.pairs.pair import HOLE
from .seam import cut_seam
from .trust import is_harmless

# A transformers tokenizer. Its own annotations are unions that no caller can narrow.
Tokenizer = Any

# Prefix, suffix and middle tokens, in that order in the prompt; sources: the model cards of Qwen2.5-Coder, StarCoder2
# (also Granite code), DeepSeek-Coder, CodeLlama.
FILL_IN_THE_MIDDLE = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    ("▁<PRE>", "▁<SUF>", "▁<MID>"),
)
FILE_SEPARATORS = ("<|file_sep|>", "<file_sep>")
# What families put after a document, an answer or a hole, whatever their configuration names as the end. Sources:
# the model cards above, that of CodeGemma (`<|file_separator|>` after a hole), and Qwen3-Coder#389, llama.cpp#9606
# (more than one end token), CodeLlama's infilling (`▁<EOT>`).
ENDS = (
    "<|endoftext|>", "<|im_end|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<fim_pad>", "<repo_name>",
    "<reponame>", "<file_sep>", "<|file_separator|>", "▁<EOT>", "<|EOT|>", "<|eot_id|>", "<|end_of_text|>",
    "<|end_of_role|>", "<｜end▁of▁sentence｜>",
)  # fmt: skip
# Stands for the text of a chat message while the template is taken apart.
SENTINEL = "idiolect-sentinel"
TODAY = (
    "{% macro strftime_now(format) %}{{ format | replace('%d', '26') | replace('%b', 'Jul') | replace('%B', 'July')"
    " | replace('%m', '07') | replace('%Y', '2024') }}{% endmacro +%}"
)
"""
Stands before a template that may tell the date: prompts must not change with it. The day is the one that Llama's
templates name where they cannot ask.
"""
ROUND_TRIP = "    return [x[0] for x in items if x != 'é']\n"
CUT = (
    'class Harbour2(Base):\n\t"""Docks: naïve, 日本, 🚢."""\n\n    def total_of(self, xs: list[int] = [10, 2000]):\n'
    '        return f"{self.name!r}\\t{sum(xs) / 7.25e-3:>8}"  # don\'t   SHOUT  camelCase\r\n\n\n'
)
"""
Text that tokenizers of one vocabulary cut each in its own way. What a tokenizer does tells it from others; how the
library writes it down changes from version to version (merges were words, and are pairs since tokenizers 0.20).
"""


PLAIN = "plain"
"""The kind of a request whose answer goes on where it ends, be that within a line."""


class PromptIds(NamedTuple):
    """
    One prompt as token ids, in the two parts that packing needs.
    """

    shared: list[int]
    """The file's context, equal for all pairs of one `prompt_id`; empty when there is none to share."""
    ask: list[int]
    """The instruction, and whatever opens the answer."""


class Fim(NamedTuple):
    """
    The ids of a family's fill-in-the-middle tokens.
    """

    prefix: int
    suffix: int
    middle: int


@dataclass(frozen=True)
class Family:
    """
    How one model family is asked, and how it ends an answer.
    """

    tokenizer: Tokenizer
    name: str
    """`completion` or `chat`, and the fill-in-the-middle tokens."""
    opening: tuple[int, ...]
    """What the tokenizer puts before every text: a beginning-of-sequence token, or nothing."""
    file_separator: int | None
    fim: Fim | None
    chat: tuple[tuple[int, ...], tuple[int, ...]] | None
    """The ids before and after a user's message, up to where the answer starts; None for plain completion."""
    stop_id: int
    """The token that training puts after every answer."""
    stop_ids: frozenset[int]
    """Every token that ends an answer in generation."""
    unused: str = ""
    """Why the base's chat template is not used; empty where it is, or there is none."""
    seams: re.Pattern[str] | None = None
    """Where text is cut so that no token of the format is read into it; None where the tokenizer can be told."""
    breaking: dict[int, bool] = field(default_factory=dict, compare=False, repr=False)
    """Of the tokens seen so far, which hold a line end."""

    @cached_property
    def sha256(self) -> str:
        """Hash of the vocabulary, how text is cut, and what stands around it: equal prompts and ends, equal hash."""
        vocabulary = sorted(self.tokenizer.get_vocab().items())
        around = [self.opening, self.file_separator, self.fim, self.chat, self.stop_id, sorted(self.stop_ids)]
        return sha256_json([vocabulary, self.encode(CUT), around])

    @property
    def prompt_format(self) -> dict[str, Any]:
        """What an artefact says of how its model is asked."""
        return {"name": self.name, "stop_ids": sorted(self.stop_ids), "sha256": self.sha256}

    @property
    def opened(self) -> int:
        """How many of a prompt's first ids are the format's: no prompt is shortened there."""
        return len(self.opening if self.chat is None else self.chat[0])

    def encode(self, text: str) -> list[int]:
        """Return the ids of *text*, in which tokens of the format are plain text."""
        parts = [text] if self.seams is None else self.seams.split(text)
        encode = partial(self.tokenizer.encode, add_special_tokens=False, split_special_tokens=True, verbose=False)
        return [token for part in parts for token in encode(part)]

    def prompt_ids(self, kind: str, path: str, language: str, context: str, instruction: str) -> PromptIds:
        """
        Return the ids of one prompt.

        An `infill` instruction holds one `HOLE`; families without fill-in-the-middle tokens see it as it is.
        """
        if self.chat is not None and (kind != "infill" or self.fim is None):
            return self.chat_ids(path, language, context, instruction)
        shared = [*self.opening, *self.file_ids(path), *(self.encode(f"{context}\n") if context else [])]
        if kind == "infill" and self.fim is not None:
            before, _, after = instruction.partition(HOLE)
            fim = self.fim
            ask = [fim.prefix, *self.encode(before), fim.suffix, *self.encode(after), fim.middle]
            return PromptIds(shared, ask)
        return PromptIds(shared, self.encode(instruction))

    def cut_seam(self, text: str) -> tuple[str, str]:
        """
        Return what is asked of *text*, whose answer goes on where it ends, and its end, which the answer begins with.

        In a chat that is a line that holds indentation alone: an answer there begins with a line.
        """
        if self.chat is None:
            return cut_seam(text)
        before, _, line = text.rpartition("\n")
        return (text, "") if line.strip() else (before, line)

    def chat_ids(self, path: str, language: str, context: str, instruction: str) -> PromptIds:
        """Return the ids of one prompt as a user's message."""
        assert self.chat is not None
        before, after = self.chat
        shared = f"File `{path}`:\n\n```{language}\n{context}\n```\n\n" if context else f"File `{path}`.\n\n"
        ask = f"Answer with code alone, indented as in the file.\n\n```{language}\n{instruction}\n```"
        return PromptIds([*before, *self.encode(shared)], [*self.encode(ask), *after])

    def file_ids(self, path: str) -> list[int]:
        """Return what opens a file called *path*."""
        if self.file_separator is None:
            return self.encode(f"# {path}\n")
        return [self.file_separator, *self.encode(f"{path}\n")]

    def answer_ids(self, response: str, kind: str) -> list[int]:
        """Return the ids of an answer, the stop token included."""
        return [*self.encode(self.lead(kind) + response), self.stop_id]

    def answer_text(self, ids: list[int], kind: str) -> str:
        """Return the text of generated *ids*, without stop tokens and without what only opens an answer."""
        text = self.tokenizer.decode(
            [i for i in ids if i not in self.stop_ids], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text.removeprefix(self.lead(kind))

    def breaks_line(self, token: int) -> bool:
        """Claim that *token* holds a line end."""
        if token not in self.breaking:
            self.breaking[token] = "\n" in self.tokenizer.decode([token])
        return self.breaking[token]

    def lead(self, kind: str) -> str:
        """Return what opens an answer: after an instruction, the line end that puts the code on a line of its own."""
        is_inline = kind == PLAIN or (kind == "infill" and self.fim is not None)
        return "" if is_inline or self.chat is not None else "\n"


def probe_family(tokenizer: Tokenizer, ends: Iterable[int] = ()) -> Family:
    """
    Return the family of *tokenizer*; *ends* are the ids that the base's own files name as the end.

    Raises `InputError` when it has no end token, or does not give back the code it encodes.
    """
    if tokenizer.eos_token_id is None:
        raise InputError("The base's tokenizer names no end-of-text token, so no answer could be taught to stop.")
    fim = probe_fim(tokenizer)
    chat, unused = probe_chat(tokenizer)
    stop_id = tokenizer.eos_token_id
    file_separator = next((i for token in FILE_SEPARATORS if (i := token_id(tokenizer, token)) is not None), None)
    stop_ids = frozenset({stop_id, *known_ends(tokenizer, ends)})
    family = Family(
        tokenizer=tokenizer,
        name=("chat" if chat else "completion") + (f"+{tokenizer.convert_ids_to_tokens(fim.prefix)}" if fim else ""),
        opening=probe_opening(tokenizer),
        file_separator=file_separator,
        fim=fim,
        chat=chat,
        stop_id=stop_id,
        stop_ids=stop_ids,
        unused=unused,
        seams=probe_seams(tokenizer, {*stop_ids, *(fim or ()), file_separator, *chain.from_iterable(chat or ())}),
    )
    text = family.answer_text(family.answer_ids(ROUND_TRIP, "implement"), "implement")
    if text != ROUND_TRIP:
        raise InputError(f"The base's tokenizer changes code: {ROUND_TRIP!r} comes back as {text!r}.")
    return family


def probe_opening(tokenizer: Tokenizer) -> tuple[int, ...]:
    """Return what *tokenizer* puts before every text by itself."""
    ids, plain = tokenizer("x").input_ids, tokenizer.encode("x", add_special_tokens=False)
    for start in range(len(ids) - len(plain) + 1):
        if ids[start : start + len(plain)] == plain:
            return tuple(ids[:start])
    raise InputError(f"The base's tokenizer encodes 'x' as {plain} alone and as {ids} with its special tokens.")


def known_ends(tokenizer: Tokenizer, named: Iterable[int]) -> set[int]:
    """Return the ids that end an answer beside the tokenizer's own: those *named*, and those of `ENDS`, if special."""
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    ends = {*named, *(token_id(tokenizer, token) for token in ENDS)}
    return {i for i in ends if i is not None and i in special}


def probe_seams(tokenizer: Tokenizer, format_ids: Collection[int | None]) -> re.Pattern[str] | None:
    """
    Return where text that spells a token of *format_ids* is cut, or None where no such token needs it.

    `split_special_tokens` keeps special tokens out of text; Qwen2.5-Coder adds its `<|fim_middle|>` and `<|file_sep|>`
    as tokens that are not special.
    """
    added = tokenizer.added_tokens_decoder
    words = sorted(added[i].content for i in format_ids if i in added and not added[i].special)
    seams = (f"(?<={re.escape(word[0])})(?={re.escape(word[1:])})" for word in words)
    return re.compile("|".join(seams)) if words else None


def probe_fim(tokenizer: Tokenizer) -> Fim | None:
    """Return the fill-in-the-middle tokens that *tokenizer* has, or None."""
    for tokens in FILL_IN_THE_MIDDLE:
        ids = [i for token in tokens if (i := token_id(tokenizer, token)) is not None]
        if len(ids) == len(tokens):
            return Fim(*ids)
    return None


def probe_chat(tokenizer: Tokenizer) -> tuple[tuple[tuple[int, ...], tuple[int, ...]] | None, str]:
    """
    Return the ids around a chat message, or None and why the template that there is cannot give them.

    A base model may carry a chat template that it was never trained on (Qwen2.5-Coder does). The template is used only
    where the token that it puts after an answer is the tokenizer's own end token.
    """
    if not tokenizer.chat_template:
        return None, ""
    user = {"role": "user", "content": SENTINEL}
    try:
        # of several it is the one that is taken
        template = tokenizer.get_chat_template()
        if not is_harmless(template):
            return None, "it is too long, or takes too much time or memory"
        render = partial(tokenizer.apply_chat_template, tokenize=False, chat_template=TODAY + template)
        asked: str = render([user], add_generation_prompt=True)
        answered: str = render([user, {"role": "assistant", "content": SENTINEL}])
    except Exception as error:  # a template is a program of the base's makers and may raise what it likes
        return None, f"it fails ({type(error).__name__})"
    if asked.count(SENTINEL) != 1:
        return None, "it does not hold a message once, as it is"
    before, _, after = asked.partition(SENTINEL)
    opened = answered.removeprefix(before + SENTINEL).partition(SENTINEL)[0]
    if opened.startswith(after) and opened.removeprefix(after).strip():
        # what opens an answer without thoughts, where a model may choose to think (Qwen3, gpt-oss)
        after = opened
    ending = tokenizer.encode(answered.rpartition(SENTINEL)[2].strip(), add_special_tokens=False)
    if not ending or ending[0] != tokenizer.eos_token_id:
        return None, "it ends answers with another token than the base does, which never learned it"
    encode = tokenizer.encode
    return (tuple(encode(before, add_special_tokens=False)), tuple(encode(after, add_special_tokens=False))), ""


def token_id(tokenizer: Tokenizer, token: str) -> int | None:
    """Return the id of *token* where it is a token of its own, else None."""
    return tokenizer.get_vocab().get(token)
