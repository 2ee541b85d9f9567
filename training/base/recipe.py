"""
Every knob of the embedded base, with its default, unit and reason.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BaseRecipe:
    """
    One way to make the base. The fingerprint of a run is the hash of these values and of the data's manifest.
    """

    vocabulary: int = 8192
    """Tokens. At this width a larger table would take more of the compute than the layers do."""
    hidden: int = 256
    """Width of the residual stream: 6.3M parameters are what minutes of two cores can still specialize (README.md)."""
    layers: int = 6
    heads: int = 4
    key_value_heads: int = 1
    """Grouped-query attention: the parameters it saves buy depth."""
    head_size: int = 64
    mlp: int = 704
    context: int = 2048
    """Positions the finished model knows."""
    rope_theta: float = 10_000.0

    sequence: int = 1024
    """Tokens in a row before the decay. On a processor attention is 45 % of a step of 1,024 and a third less of 512."""
    decay_sequence: int = 2048
    """Tokens in a row in the decay, so that every position has been trained."""
    step_tokens: int = 131_072
    """Tokens in a step: what an H200 computes in the time that it takes to launch the kernels, some 100 ms."""
    steps: int = 3231
    """Steps in all. A run may be resumed with more, as long as its decay has not begun."""
    warm_up: int = 200
    """Steps of linear warm-up."""
    decay_from: float = 0.6
    """The share of the steps after which the rate falls, linearly, to `floor`."""
    floor: float = 0.02
    """The last rate as a share of the peak."""
    matrix_rate: float = 0.02
    """Muon's learning rate for matrices inside layers."""
    other_rate: float = 3e-3
    """AdamW's rate for embeddings and norms."""
    asked_share: float = 0.5
    """Share of a step's tokens that are pairs in the trainer's own packs, whose answers alone are learned."""
    pack_tokens: int = 65_536
    """Tokens of such a pack, the longest pair's or more; a processor wants one a core."""
    share: int = 8
    """Most answers behind one file's context."""
    infill_share: float = 0.3
    """Share of whole files that are turned into fill-in-the-middle documents."""
    seed: int = 1
    checkpoint_every: int = 50
    """Steps between checkpoints."""

    def rate(self, step: int) -> float:
        """Return the share of the peak rate at *step*: warm-up, stable, decay."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        start = self.decay_start
        if step < start:
            return 1.0
        return 1.0 - (1.0 - self.floor) * (step - start + 1) / (self.steps - start)

    @property
    def decay_start(self) -> int:
        """The step at which the decay begins."""
        return int(self.decay_from * self.steps)
