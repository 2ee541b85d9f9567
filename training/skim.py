"""
Prompts read before answers. In: a pack. Out: two, its prompts and its answers, the second to be computed after.

Of a small base's step most is spent on tokens that only ask, of which answers see keys and values alone. Read first,
they need nothing beyond their last keys, and losses and gradients are the same. Read without a gradient (`skim`), they
keep nothing and have no backward: the losses are the same, and of the gradient that part is missing which reached the
weights through the prompts.
"""

from __future__ import annotations

import numpy as np

from .packing import Indices, Pack, Segment


def split_pack(pack: Pack) -> tuple[Pack, Pack]:
    """
    Return the tokens of *pack* that no answer is predicted from, and the others.

    The first pack keeps the segments of *pack*, of which some may be empty. The second has one for each answer, and
    what stands ahead of it is named by its places in the first.
    """
    live = np.zeros(pack.tokens, dtype=bool)
    live[pack.keep] = True
    starts = np.cumsum([0, *(segment.length for segment in pack.segments)])
    prompts: list[Segment] = []
    answers: list[Segment] = []
    for place, segment in enumerate(pack.segments):
        count = int(live[starts[place] : starts[place + 1]].sum())
        prompts.append(Segment(segment.length - count, segment.ahead))
        if count:
            answers.append(Segment(count, (*segment.ahead, place)))
    nothing: Indices = np.zeros(0, dtype=np.int64)
    return (
        Pack(pack.input_ids[~live], pack.position_ids[~live], tuple(prompts), nothing, nothing, nothing),
        Pack(
            pack.input_ids[live], pack.position_ids[live], tuple(answers), np.arange(len(pack.keep)), pack.targets,
            pack.owners,
        ),
    )  # fmt: skip
