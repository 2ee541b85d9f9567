"""
The base's tokenizer. In: training texts. Out: a byte-level BPE whose pieces suit code.

A line end with the indentation after it is one piece, so indentation is usually a single token; digits stand alone; the
special tokens are those of Qwen2.5-Coder (its model card), so that downstream tools know the model's formats.
"""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

END = "<|endoftext|>"
FILE = "<|file_sep|>"
PREFIX, MIDDLE, SUFFIX = "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"
PAD = "<|fim_pad|>"
SPECIAL = (END, "<|im_start|>", "<|im_end|>", PREFIX, MIDDLE, SUFFIX, PAD, "<|repo_name|>", FILE)
PIECES = r"\r?\n[ \t]*|[0-9]| ?[\p{L}_]+| ?[^\s\p{L}_0-9]+|[ \t]+(?=[ \t])|\s"


def train_tokenizer(texts: Iterable[str], size: int, context_length: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer of *size* entries, special tokens included, learned from *texts*."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[token for token in SPECIAL if token not in (END, PAD)],
        model_max_length=context_length,
        clean_up_tokenization_spaces=False,
    )
