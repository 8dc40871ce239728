"""Losses of maps of classes: how much of each class is overlapped, and how probable each pixel's own class is.

Pixels that carry `IGNORED` count for nothing.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from bedside.errors import StudyError
from bedside.networks.losses import LOG_LOSS, ClassLoss

IGNORED = 255
"""The label of pixels that say nothing: outside the image, or not judged."""

_SMOOTH = 1.0
"""Pixels added to overlap and sizes, so that a class of none has a Dice of 1 where none is predicted."""


@dataclass(frozen=True)
class Tversky:
    """1 - overlap / (overlap + weighted errors), mean over the classes but the first; .5 and .5 is Dice.

    Over all pixels of a batch together, so that an image without a structure does not decide (Milletari et al., 3DV
    2016; Salehi et al., MLMI 2017).

    Attributes:
        missed: Weight of pixels of the class that were not found.
        extra: Weight of pixels that were taken for it.

    Raises:
        StudyError: A weight is negative, or both are 0.
    """

    missed: float = 0.5
    extra: float = 0.5

    def __post_init__(self) -> None:
        if not (self.missed >= 0 and self.extra >= 0 and 0 < self.missed + self.extra < float("inf")):
            msg = (
                f"an overlap loss was declared with missed={self.missed!r} and extra={self.extra!r}; give two weights "
                "of at least 0, not both 0 (.5 and .5 is Dice; more for `missed` finds more)"
            )
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Its name."""
        if self.missed == self.extra == 0.5:
            return "a Dice loss"
        return f"a Tversky loss (missed pixels weighted {self.missed:g}, extra ones {self.extra:g})"

    def __call__(
        self, shares: Float[Tensor, "cases classes *size"], own: Float[Tensor, "cases classes *size"]
    ) -> Float[Tensor, ""]:
        """The loss.

        Args:
            shares: Probabilities; 0 in pixels that do not count.
            own: 1 where a pixel is of the class, else 0; 0 throughout in pixels that do not count.
        """
        every = (0, *range(2, shares.ndim))
        overlap = (shares * own).sum(dim=every)[1:]
        missed, extra = own.sum(dim=every)[1:] - overlap, shares.sum(dim=every)[1:] - overlap
        return (1.0 - (overlap + _SMOOTH) / (overlap + self.missed * missed + self.extra * extra + _SMOOTH)).mean()


@dataclass(frozen=True)
class MapLoss:
    """The sum of an overlap loss and the mean loss of pixels; either may be left out.

    Attributes:
        overlap: Of classes.
        of_class: Of the probability of each pixel's own class ("Focal(2.0)").

    Raises:
        StudyError: Both are left out.
    """

    overlap: Tversky | None = Tversky()
    of_class: ClassLoss | None = LOG_LOSS

    def __post_init__(self) -> None:
        if self.overlap is None and self.of_class is None:
            msg = "a loss of maps was declared with neither overlap nor of_class; give one or both"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """As in "trained with ..."."""
        return " plus ".join(part.description for part in (self.overlap, self.of_class) if part is not None)

    def __call__(
        self, logits: Float[Tensor, "cases classes *size"], labels: UInt8[Tensor, " cases *size"]
    ) -> Float[Tensor, ""]:
        """The loss; 0 where no pixel counts.

        Args:
            logits: Of the classes.
            labels: Class numbers, or `IGNORED`.
        """
        chances = logits.log_softmax(dim=1)
        classes = torch.arange(chances.shape[1], device=labels.device, dtype=labels.dtype)
        own = (labels.unsqueeze(1) == classes.reshape(-1, *(1 for _ in labels.shape[1:]))).to(chances.dtype)
        loss = chances.new_zeros(())
        if self.overlap is not None:
            counted = (labels != IGNORED).to(chances.dtype).unsqueeze(1)
            loss = loss + self.overlap(chances.exp() * counted, own)
        if self.of_class is not None:
            judged = own.sum(dim=1)
            losses = self.of_class((chances * own).sum(dim=1)) * judged
            loss = loss + losses.sum() / judged.sum().clamp_min(1.0)
        return loss
