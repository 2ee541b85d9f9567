"""
The recipe for a corpus and a base. In: how large both are. Out: a `Recipe`, with what each value was measured to do.
"""

from __future__ import annotations

from typing import Any

from .recipe import FEW_PAIRS, SMALL_MODEL, Recipe

SURE_MIX = 100
"""No corpus is thinned to fewer pairs than this: what its share leaves out is taken in."""


def size_recipe(
    *,
    pairs: int,
    parameters: int,
    context_length: int,
    accelerator: bool = False,
    whole: int | None = None,
    holes: int = 0,
) -> Recipe:
    """
    Return the recipe for a corpus of *pairs* and a base of *parameters* that takes *context_length* tokens.

    Of the pairs *whole* are `implement` and *holes* `infill`; all are taken to be `implement` where that is not said.
    """
    whole = pairs if whole is None else whole
    small = parameters < SMALL_MODEL
    # a small base on a processor: minutes hold about one pass, so steps are small, two packs each for two cores, and
    # what must be read for an answer is the price of it. On networkx, of pairs with a hole 94 % of the tokens only ask;
    # 300,000 tokens lowered the loss on 275 held-out bodies by 9.3 % with a quarter of the pairs such, by 10.8 % with a
    # twentieth and repeated code that asks little (`replay.py`), by 11.4 % with half of the pairs asked without their
    # file, by 11.1 % with all. Asking in one line, steps of 2,048 and a rate of 3e-3 gained nothing. Other kinds earn
    # their place: without them answers parsed half as often once. Skimmed, 300,000 tokens gained 10.2 % where they
    # gained 10.9 % otherwise, and in the processor's time for those there were 480,000, which gained 13.1 %. All of
    # this and what follows was measured on an earlier base, which knew less and so had more to gain
    tokens: dict[str, Any] = {}
    if not accelerator:
        # packs of 16,384 tokens side by side on two cores took more than 24 GiB with 135 million parameters
        tokens = {"step_tokens": 4096, "pack_tokens": 2048, "skim": True}
        # a look at the usual number, and at general code beside it, takes such a base as long as two or three steps
        tokens |= {"infill": 0.05, "bare": 0.5} if small else {"validation_tokens": 8192}
    # a small base has met few of a house's names: on networkx, 300,000 tokens at a rate of 1e-3 lowered the loss on
    # held-out answers by 6.1 %, with rows of the embedding trained too by 8.6 to 10.1 %. Rows and rates forget as fast
    # as they learn; to repeat a fifth and to keep what costs least halves that: 650,000 tokens at twice the rate cut
    # the loss on the test tasks by 11.7 %, and unread general code got 0.08 nats worse; 0.18 where all was kept. Begun
    # with contrast, 480,000 skimmed tokens gained 13.2 instead of 13.1 %, and watched code lost 0.103 instead of 0.118
    # where pairs are so few that they are seen four times, two fifths: on the sample language unread general code then
    # lost 0.10 instead of 0.14 nats for held-out answers at 1.40 instead of 1.38, on the framework 0.10 instead of 0.14
    # for 1.75; half the rate came to 1.49 and 0.12
    # a pretrained base forgets as fast: in 60 steps on the sample language unread general code cost
    # SmolLM2-135M-Instruct 0.28 nats more, 0.08 with a tenth repeated, and held-out answers came to 1.21 and 1.20. On a
    # processor it would write its own answers for minutes
    gentle: dict[str, Any] = {"replay": 0.1, "replay_own": 0.5 if accelerator else 0.0}
    if small:
        replay = 0.2 if pairs >= 2_000 else 0.4
        gentle = {"embedding_rate": 0.5, "replay": replay, "replay_own": 0.0, "replay_draws": 32, "contrast": True}
        # two runs on the sample language, as they stood at their best looks: of 59 answers 10 and 42 % were accepted,
        # and 69 and 5 % never ended; with means over the latest 20 to 50 steps of the same runs 39 to 53 %, and 0 to 5
        gentle["average"] = 0.25
    # starlette has 27 bodies that are asked for whole and 270 holes: a twentieth of those would leave 35 of 822 pairs
    if pairs < FEW_PAIRS or whole < SURE_MIX:
        tokens["infill"] = 1.0
    main = whole + (holes if tokens.get("infill") == 1.0 else 0)
    return Recipe(
        learning_rate=rate_for(parameters),
        epochs=epochs_for(pairs),
        extra=0.25 if small and main * 1.25 >= SURE_MIX else 10.0,
        # so that a machine whose pace changes is done within four by the clock, start and proofs included
        minutes=3.8 if small else None,
        # no pack is shorter than the longest pair, and cores want a pack each
        max_tokens=min(context_length, 4096 if accelerator and not small else 2048),
        **tokens,
        **gentle,
    )


def rate_for(parameters: int) -> float:
    """
    Return the peak learning rate for a base of *parameters*: the smaller the base, the higher.
    """
    if parameters < SMALL_MODEL:
        # the embedded base, 240,000 skimmed tokens of networkx: at 5e-4, 1e-3, 2e-3 and 3e-3 the loss on 275 held-out
        # bodies fell by 5.3, 6.2, 5.8 and 4.1 %, and unread general code got 0.011, 0.033, 0.088 and 0.192 nats worse
        return 1e-3
    if parameters < 1_000_000_000:
        return 3e-4
    return 2e-4 if parameters < 3_500_000_000 else 1e-4


def epochs_for(pairs: int) -> float:
    """Return the most passes over *pairs*: few pairs are learned by many passes, and the early stop watches."""
    for least, epochs in ((30_000, 3.0), (15_000, 5.0), (5_000, 10.0), (1_000, 20.0)):
        if pairs >= least:
            return epochs
    return 50.0
