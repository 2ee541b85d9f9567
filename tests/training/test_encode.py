"""
Pairs as ids: what fits is learned from whole, what does not is refused and counted; prompts alone are shortened.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from idiolect.mining.errors import TooSmallError
from idiolect.training.encode import (
    Encoded,
    as_ids,
    encode_pair,
    encode_pairs,
    encode_text,
    join_ids,
    join_plain,
    require_pairs,
    shorten_prompt,
)
from idiolect.training.families import Fim, PromptIds

from .conftest import make_pairs

EXAMPLE = join_ids("a", "a.py", PromptIds([1, 2, 3, 4, 5, 6], [7, 8, 9]), [10, 11])


def parts(example):
    """Return the ids of *example*: shared, ask, answer."""
    return [ids.tolist() for ids in (example.shared, example.ask, example.answer)]


def test_a_pair_fits_to_its_last_token(family):
    """As many tokens as are allowed are learned from; with one token more the pair is refused, not cut."""
    (pair,) = make_pairs(1)
    example = encode_pair(pair, family)
    fits, refused = (encode_pairs([pair], family, example.tokens - short) for short in (0, 1))

    assert parts(example) == parts(fits.examples[0])
    assert ({}, len(example.answer)) == (fits.refused, fits.answer_tokens)
    assert ((), {"too_long": 1}) == (refused.examples, refused.refused)


def test_reasons_are_counted():
    """An answer of blanks, or of a stop token alone, teaches nothing; reasons stand in the order of the alphabet."""
    pairs = make_pairs(4)
    pairs[1] = replace(pairs[1], response=" \n")
    answers = {pair.id: [5, 0] for pair in pairs} | {pairs[0].id: [5] * 10, pairs[2].id: [0]}
    encoded = encode_pairs(
        pairs, None, 10, encode=lambda pair, _: join_ids(pair.id, "", PromptIds([], [1]), answers[pair.id])
    )

    assert [pairs[3].id] == [example.id for example in encoded.examples]
    assert [("empty_answer", 2), ("too_long", 1)] == list(encoded.refused.items())


def test_progress_is_told_now_and_then():
    """At the start, every 64 pairs, and at the end with the number of them all."""
    told = []
    encode_pairs(make_pairs(130), None, 10, told.append, lambda *_: EXAMPLE)

    assert [0, 64, 128, 130] == told


def test_the_answer_is_predicted_from_a_token_of_its_own():
    """Where nothing is asked beyond what is shared, the last shared token is asked; else both stay as they are."""
    assert [[1, 2, 3], [4], [5]] == parts(join_ids("a", "p", PromptIds([1, 2, 3, 4], []), [5]))
    assert [[1, 2], [4], [3]] == parts(join_ids("a", "p", PromptIds([1, 2], [4]), [3]))


@pytest.mark.parametrize(
    ("room", "keep", "left"),
    [
        pytest.param(10, 0, [[2, 3, 4, 5, 6], [7, 8, 9], [10, 11]], id="the oldest goes first"),
        pytest.param(9, 2, [[1, 2, 5, 6], [7, 8, 9], [10, 11]], id="but not what opens the prompt"),
        pytest.param(4, 0, [[], [8, 9], [10, 11]], id="then what is asked"),
        pytest.param(5, 4, [[1, 2, 3, 4], [9], [10]], id="never its last token"),
        pytest.param(9, 9, [[1, 2, 3, 4, 5, 6], [9], [10, 11]], id="an opening longer than the context"),
        pytest.param(2, 0, [[], [9], [10]], id="then the answer"),
        pytest.param(1, 0, [[], [9], [10]], id="never its first token"),
    ],
)
def test_prompts_are_shortened_from_their_oldest_token(room, keep, left):
    """A prompt gives way before its answer does; what is left shares its prefix with nobody."""
    short = shorten_prompt(EXAMPLE, room, keep)

    assert left == parts(short)
    assert ("a", "") == (short.id, short.prompt_id)


@pytest.mark.parametrize(
    ("room", "left"),
    [
        pytest.param(13, [1, 11, 12, 13, 14, 2, 21, 22, 23, 3], id="its file first"),
        pytest.param(10, [1, 13, 14, 2, 21, 22, 3], id="then what is far from the hole"),
        pytest.param(12, [1, 12, 13, 14, 2, 21, 22, 23, 3], id="more of the side that has more"),
        pytest.param(4, [1, 2, 3], id="never that there is a hole"),
    ],
)
def test_a_hole_is_shortened_from_both_ends(room, left):
    """The prompt of a hole that is longer than the context still says what stands before it and what behind."""
    ask = [1, 11, 12, 13, 14, 2, 21, 22, 23, 3]
    example = join_ids("a", "a.py", PromptIds([7, 8], ask), [9, 9, 9])

    assert left == parts(shorten_prompt(example, room, 0, Fim(1, 2, 3)))[1]


def test_a_prompt_that_fits_is_left_alone():
    """As many tokens as there is room for are kept, and may still be shared; with one less, the first goes."""
    assert shorten_prompt(EXAMPLE, 11) is EXAMPLE
    assert 11 == EXAMPLE.tokens
    assert [2, 3, 4, 5, 6] == parts(shorten_prompt(EXAMPLE, 10))[0]


def test_text_lacks_the_stop_token_alone(family):
    """Of a family without a chat, text is the same ids but for the last."""
    (pair,) = make_pairs(1)
    asked = parts(encode_pair(pair, family))

    assert [*asked[:2], asked[2][:-1]] == parts(encode_text(pair, family))
    assert asked[2][-1] == family.stop_id


def test_too_few_pairs_say_why_and_what_helps():
    """As many as are needed pass; with one less the counts are told, and what would take in those left out."""
    one = join_plain(as_ids([]), as_ids([1]), as_ids([2, 3]))
    refused = {"empty_answer": 1, "too_long": 1_200}
    require_pairs(Encoded((one,) * 50, {}))
    assert [[], [1], [2, 3]] == parts(one)

    with pytest.raises(TooSmallError) as caught:
        require_pairs(Encoded((one,) * 49, refused))
    with pytest.raises(TooSmallError, match=r"found 0 \(left out: none\)\. Mine a larger repository\.$"):
        require_pairs(Encoded((), {}))

    assert (
        "Training needs 50 pairs and found 49 (left out: 1 with an empty answer, 1,200 too long). "
        "Mine a larger repository, or take longer ones: --set max_tokens=N."
    ) == str(caught.value)


@pytest.mark.parametrize(
    ("found", "refused", "ways"),
    [
        (24, {"other_kinds_beyond_share": 15}, ""),
        (35, {"longer_than_base": 900}, ""),
        (
            35,
            {"infill_beyond_share": 269, "other_kinds_beyond_share": 9},
            ", or take all infill pairs: --set infill=1",
        ),
        (
            35,
            {"infill_beyond_share": 9, "other_kinds_beyond_share": 9},
            ", or take all infill pairs: --set infill=1 and take all pairs of other kinds: --set extra=10",
        ),
    ],
)
def test_only_what_is_enough_is_said_to_help(found, refused, ways):
    """A way out that leaves too few pairs is none; two that are too little each help together."""
    one = join_plain(as_ids([]), as_ids([1]), as_ids([2, 3]))
    with pytest.raises(TooSmallError) as caught:
        require_pairs(Encoded((one,) * found, refused))

    assert str(caught.value).endswith(f"). Mine a larger repository{ways}.")
