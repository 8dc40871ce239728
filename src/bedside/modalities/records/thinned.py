"""Views of histories for learning without outcomes: less was recorded, and from later on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bedside.errors import StudyError
from bedside.modalities.records.batches import EventTensors
from bedside.modalities.records.cut import since


@dataclass(frozen=True)
class Thinned:
    """Histories that begin later, with events, facts and numbers taken away at random.

    Attributes:
        beginning: Of the time that a history reaches back, the largest share that is cut off; how much is drawn.
        events: Share of events and facts that are taken away; the moments at which they happened stay.
        numbers: Share of the numbers that are taken away from the others.

    Raises:
        StudyError: A share is not at least 0 and below 1, or all are 0.
    """

    beginning: float = 0.5
    events: float = 0.3
    numbers: float = 0.2

    def __post_init__(self) -> None:
        shares = (self.beginning, self.events, self.numbers)
        if not all(0 <= share < 1 for share in shares) or not any(shares):
            msg = f"views of histories were declared as {self}; each share is at least 0 and below 1, and not all are 0"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"up to {self.beginning:.0%} of the time at the beginning of a history cut off, {self.events:.0%} of "
            f"events and facts and {self.numbers:.0%} of the numbers of the others taken away"
        )

    def __call__(self, batch: EventTensors, targets: Tensor) -> tuple[EventTensors, Tensor]:
        """The changed batch; targets stay."""
        first = torch.cumsum(batch.moments, 0) - batch.moments
        drawn = torch.rand(len(batch.moments), device=batch.hours.device)
        shorter = since(batch, batch.moment_hours[first] * (1 - self.beginning * drawn))
        less = shorter.kept(_spared(shorter.tokens, self.events), _spared(shorter.fact_tokens, self.events))
        told, fact_told = _spared(less.tokens, self.numbers), _spared(less.fact_tokens, self.numbers)
        return less._replace(
            numbers=less.numbers * told,
            known=less.known * told,
            fact_numbers=less.fact_numbers * fact_told,
            fact_known=less.fact_known * fact_told,
        ), targets


def _spared(rows: Tensor, share: float) -> Tensor:
    """Which rows are not taken away."""
    return torch.rand(rows.shape, device=rows.device) >= share
