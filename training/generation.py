"""
Text from a model. In: a base, an adapter. Out: a `ModelGenerator`, and what scores given text beside it (`losses.py`).

One loaded model serves both arms: the base is the adapted model with its adapter switched off. A small one writes from
a copy with the adapter merged in. Every row draws from random numbers of its own, so a sample does not depend on which
requests stand beside it, up to the rounding of a batch.
"""

from __future__ import annotations

import copy
import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import torch
import transformers

from ..mining.artefacts import sha256_file
from ..mining.errors import MismatchError
from .adapter import WEIGHTS, AppliedCheck, check_applied, load_adapter, read_record, sample_examples
from .base_config import context_length, count_parameters, load_tokenizer, read_ends, read_parameters
from .bases import Base, find_base
from .decoding import ASK_EVERY, BATCH_ROWS, LANE_ROWS, Row, count_batch_tokens, cut_batches, decode
from .encode import Example, join_ids, shorten_prompt
from .families import PLAIN, Family, PromptIds, probe_family
from .forward import set_mode
from .guarded import Guard
from .lanes import count_lanes, in_lanes
from .losses import AnswerLosses
from .machine import choose_device, choose_dtype, free_memory
from .models import load_base_model, quantised
from .modes import choose_mode
from .own import recall_base, require_own
from .recipe import SMALL_MODEL
from .seam import Seam

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


class Asked(Protocol):
    """
    What a request brings, as far as a prompt needs it.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102 - a protocol's attribute
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def language(self) -> str: ...  # noqa: D102
    @property
    def context(self) -> str: ...  # noqa: D102
    @property
    def instruction(self) -> str: ...  # noqa: D102


class Generation(NamedTuple):
    """
    What the model wrote; the shape that evaluation asks for.
    """

    text: str
    finish_reason: str
    prompt_tokens: int
    output_tokens: int
    seconds: float
    first_seconds: float | None


class Span(NamedTuple):
    """
    When a batch began and ended, by the clock that measures spans.
    """

    began: float
    ended: float
    rows: int
    """Of all batches that were written side by side: their time is shared by so many answers."""


@dataclass
class LoadedModel:
    """
    A base on a device, with or without an adapter, and what is known of both.
    """

    model: PreTrainedModel | PeftModel
    family: Family
    base: Base
    context_length: int
    device: torch.device
    adapter_sha256: str = ""
    """Hash of the adapter's weights; empty without one."""
    applied: AppliedCheck | None = None
    """Whether the adapter changes anything; None without one."""
    mode: str = ""
    """How packs are kept apart; found when first needed."""
    merged: PreTrainedModel | None = None
    """A copy with the adapter merged in, for a base that is small enough to be kept twice: it writes faster."""

    @property
    def dtype(self) -> torch.dtype:
        """The precision the base is kept in."""
        return self.model.get_input_embeddings().weight.dtype  # pyright: ignore

    def arm(self, adapted: bool) -> AbstractContextManager[Any]:
        """Return a context in which the adapter is on or off; without an adapter both are the base."""
        disable = getattr(self.model, "disable_adapter", None)
        return nullcontext() if adapted or disable is None else disable()

    def writer(self, adapted: bool) -> PreTrainedModel | PeftModel:
        """Return the model that writes while `arm(adapted)` is entered."""
        return self.merged if adapted and self.merged is not None else self.model

    def packing_mode(self) -> str:
        """Return how this model's packs are kept apart."""
        if not self.mode:
            self.mode = choose_mode(self.model, self.device, self.dtype, self.context_length)
        return self.mode


class Models(NamedTuple):
    """
    The two callables that evaluation is handed.
    """

    generator: ModelGenerator
    losses: AnswerLosses


def load_model(base: str | Path | Base | None = None, adapter: Path | None = None) -> Models:
    """
    Load *base*, with *adapter* where one is given. Without a base, the adapter's own is found.

    Raises `MismatchError` when the adapter was trained on another base.
    """
    record = read_record(adapter) if adapter is not None else None
    if base is None:
        base = "embedded" if record is None else recall_base(record)
    found = find_base(base)
    tokenizer = load_tokenizer(found)
    family = probe_family(tokenizer, read_ends(found))
    if record is not None:
        require_own(found, family, record)
    device = choose_device()
    # a model that was trained before goes only now: its layers hold themselves
    gc.collect()
    dtype = choose_dtype(device, read_parameters(found))
    # what was trained on four bits is asked on them, where there are any
    in_bits = record is not None and record["recipe"]["method"] == "qlora" and device.type == "cuda"
    options = quantised(device, dtype) if in_bits else {}
    model: Any = load_base_model(found, device=device, dtype=dtype, **options)
    loaded = LoadedModel(model, family, found, context_length(found, tokenizer), device)
    if adapter is not None:
        loaded.model = load_adapter(model, adapter).eval()
        loaded.adapter_sha256 = sha256_file(adapter / WEIGHTS)
        if record is not None and loaded.adapter_sha256 != record["files"][WEIGHTS]:
            raise MismatchError(f"The adapter in {str(adapter)!r} was made anew while it was loaded. Begin again.")
        set_mode(loaded.model, "single")
        loaded.applied = check_applied(loaded.model, sample_examples(loaded.model), "single")
        loaded.merged = merge_small(loaded.model)
    return Models(ModelGenerator(loaded), AnswerLosses(loaded))


def merge_small(model: PeftModel) -> PreTrainedModel | None:
    """
    Return a copy of *model* with its adapter merged in, or None where it is large or in less than full precision.

    A small model's step is as much calls as arithmetic, and an adapter doubles the calls; half precision would swallow
    small changes.
    """
    if count_parameters(model) >= SMALL_MODEL or model.dtype != torch.float32:
        return None
    copied: Any = copy.deepcopy(model)
    return copied.merge_and_unload().eval()


class ModelGenerator:
    """
    Writes answers; keeps evaluation's `Generator` protocol.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.loaded = loaded
        self.family = loaded.family

    @property
    def context_length(self) -> int:
        """How many tokens prompt and answer may have together."""
        return self.loaded.context_length

    @property
    def chatty(self) -> bool:
        """Whether the base is asked in chat form, and so may say more than code."""
        return bool(self.family.chat)

    @property
    def applied(self) -> AppliedCheck | None:
        """Whether the adapter changes what the base says; None without an adapter."""
        return self.loaded.applied

    @property
    def fingerprint(self) -> Mapping[str, str]:
        """What decides the output beside the prompt."""
        return {
            "base": self.loaded.base.name,
            "weights_sha256": self.loaded.base.weights_sha256,
            "adapter_sha256": self.loaded.adapter_sha256,
            "prompt_format": self.family.name,
            "format_sha256": self.family.sha256,
            "engine": f"transformers {transformers.__version__}, torch {torch.__version__}",
            "dtype": str(self.loaded.dtype).removeprefix("torch."),
            "device": self.loaded.device.type,
            "threads": str(torch.get_num_threads()),
        }

    def count_tokens(self, text: str) -> int:
        """Return how many tokens *text* takes."""
        return len(self.family.encode(text))

    def count_prompt(self, request: Asked) -> int:
        """Return how many tokens the prompt of *request* takes, a chat template's own included."""
        prompt = self.whole_prompt(request)
        return len(prompt.shared) + len(prompt.ask)

    def whole_prompt(self, request: Asked) -> PromptIds:
        """Return the ids of *request*, however many."""
        asked, _ = self.cut_seam(request)
        return self.family.prompt_ids(request.kind, request.path, request.language, request.context, asked)

    def cut_seam(self, request: Asked) -> tuple[str, Seam | None]:
        """Return what is asked of *request*, and where it ends within a line the seam there."""
        if request.kind != PLAIN:
            return request.instruction, None
        asked, end = self.family.cut_seam(request.instruction)
        encode = self.family.encode
        return asked, Seam(end, encode(end), encode(f"{end}x")) if end else None

    def prompt_of(self, request: Asked, room: int) -> list[int]:
        """Return the ids of *request*, its oldest context dropped where prompt and *room* exceed the context length."""
        example = join_ids("", "", self.whole_prompt(request), [])
        family = self.family
        fitted = shorten_prompt(example, max(1, self.context_length - room), family.opened, family.fim)
        return [*fitted.shared.tolist(), *fitted.ask.tolist()]

    def generate(
        self,
        requests: Sequence[Asked],
        *,
        adapted: bool,
        max_tokens: Sequence[int],
        temperature: float = 0.0,
        seed: int = 0,
        is_over: Sequence[Callable[[str], bool]] | None = None,
        ask_every: int = ASK_EVERY,
        guards: Sequence[Guard] | None = None,
    ) -> Iterator[tuple[int, Generation]]:
        """
        Yield (index, generation) for every request, batch by batch, those that may write least first.

        *is_over* says of an answer so far that nothing more of it is wanted: asked where a line begins, and each
        *ask_every* tokens. *guards* refuse tokens while it grows.
        """
        most = self.context_length // 2
        seams = [self.cut_seam(request)[1] for request in requests]
        limits = [
            min(limit + (len(seam.ids) if seam else 0), most) for limit, seam in zip(max_tokens, seams, strict=True)
        ]
        rows = [
            Row(
                index,
                self.prompt_of(request, limits[index]),
                limits[index],
                np.random.default_rng([seed, index]),
                request.kind,
                None if is_over is None else is_over[index],
                ask_every,
                None if guards is None else guards[index],
                seams[index],
            )
            for index, request in enumerate(requests)
        ]
        for batch, span in self.write(rows, adapted, temperature):
            for row in batch:
                first = (row.first_at or span.ended) - span.began
                yield row.index, self.finish(row, (span.ended - span.began) / span.rows, first / span.rows)

    def write(self, rows: Sequence[Row], adapted: bool, temperature: float) -> Iterator[tuple[list[Row], Span]]:
        """Yield *rows* in batches, their answers written, with when each batch began and ended."""
        loaded, model = self.loaded, self.loaded.writer(adapted)
        lanes = count_lanes(loaded.device)

        def work(batch: list[Row]) -> tuple[float, float]:
            started = time.perf_counter()
            with torch.inference_mode():
                decode(model, batch, self.family, temperature, loaded.device)
            return started, time.perf_counter()

        # a core does not wait while another decodes what both could share
        on_cores = loaded.device.type == "cpu"
        most_rows = min(LANE_ROWS, -(-len(rows) // lanes)) if on_cores else BATCH_ROWS
        free = None if on_cores else free_memory(loaded.device)
        batches = list(cut_batches(rows, count_batch_tokens(model, free), most_rows))
        for start in range(0, len(batches), lanes):
            some = batches[start : start + lanes]
            # the arm and the attention are set each time: the caller may use the model in between
            with loaded.arm(adapted):
                set_mode(model, None)
                ends = in_lanes(work, some, lanes)
            together = sum(map(len, some))
            yield from ((batch, Span(*end, together)) for batch, end in zip(some, ends, strict=True))

    def continue_ids(
        self, prompts: Sequence[Example], *, max_tokens: int, temperature: float, seed: int
    ) -> Iterator[tuple[int, list[int]]]:
        """Yield (index, ids) of what the base writes behind each of *prompts*, answers left aside; its end included."""
        rows = [
            Row(
                index, [*prompt.shared.tolist(), *prompt.ask.tolist()], max_tokens, np.random.default_rng([seed, index])
            )
            for index, prompt in enumerate(prompts)
        ]
        for batch, _ in self.write(rows, False, temperature):
            yield from ((row.index, row.written) for row in batch)

    def finish(self, row: Row, seconds: float, first: float) -> Generation:
        """Return what *row* became."""
        # the answer's kind decides what opens it, which is not part of its text
        text = row.text(self.family)
        reason = "stop" if row.stopped else "over" if row.over else "length"
        # what is written anew of the prompt stays the prompt's, but for the token that goes on from it
        anew = min(len(row.seam.ids), len(row.written) - bool(text)) if row.seam else 0
        return Generation(text, reason, len(row.prompt) + anew, len(row.written) - anew, seconds, first)
