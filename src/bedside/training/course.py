"""How training went, epoch by epoch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from bedside.types import Json

LONGEST = 200
"""Most epochs of a stored curve; a longer course keeps every second, third ... one, its best and its last."""

_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over development.

    Attributes:
        number: From 1.
        training: Mean loss of the head on the batches as they were trained on, with what augmentation made of them.
        selection: The endpoint's loss on the selection data.
        rate: Learning rate of the last step.
    """

    number: int
    training: float
    selection: float
    rate: float


@dataclass(frozen=True, slots=True)
class Course:
    """How training went.

    Attributes:
        best: Epoch whose weights were kept, from 1.
        loss: Loss on the selection data with the weights that were kept.
        curve: Every epoch that was trained.
        precision: Numbers of the forward and backward pass, where there was a choice; else "".
    """

    best: int
    loss: float
    curve: tuple[Epoch, ...]
    precision: str = ""

    @property
    def epochs(self) -> int:
        """Epochs that were trained."""
        return len(self.curve)

    def to_json(self) -> dict[str, Json]:
        """The curve as columns of at most about 200 rows, with the best epoch."""
        kept = thinned(self.curve, self.best)
        return {
            "best": self.best,
            "epoch": [one.number for one in kept],
            "training": [_rounded(one.training) for one in kept],
            "selection": [_rounded(one.selection) for one in kept],
            "rate": [_rounded(one.rate) for one in kept],
        }


def thinned(curve: Sequence[Epoch], best: int) -> list[Epoch]:
    """Every k-th epoch, the best and the last, where k is chosen so that about 200 remain."""
    every = math.ceil(len(curve) / LONGEST)
    return [one for one in curve if (one.number - 1) % every == 0 or one.number in {best, len(curve)}]


def _rounded(value: float) -> Json:
    # Training loss may overflow in an epoch that the next ones repair: JSON has no word for it.
    return cast("Json", float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None)
