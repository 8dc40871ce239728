"""Learning from histories without outcomes: foretelling what is recorded in the hours after a moment.

Tipirneni and Reddy, Self-supervised transformer for sparse and irregularly sampled multivariate clinical time-series
(STraTS), ACM Transactions on Knowledge Discovery from Data 16, 2022, who foretell numbers; here also which kinds of
event follow, since who orders what says something of the patient. It needs one vector a case and no more, so that it
suits every network over moments.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

from bedside.errors import ModelError, StudyError
from bedside.modalities.records.batches import EventTensors
from bedside.modalities.records.cut import until
from bedside.modalities.records.encoder import PreparedRecords
from bedside.networks.collapse import NARROW, spread
from bedside.networks.encoder import Batches
from bedside.networks.features import Pooled
from bedside.networks.head import Head
from bedside.types import Json

_DRAWS, _CHUNK, _RARE = 2, 256, 1e-4


class Followed(NamedTuple):
    """What follows in some cases.

    Attributes:
        happened: 1 where a kind of event is recorded in the hours that follow, 0 where it is not, NaN where the history
            ends before these hours do.
        numbers: Mean of the scaled numbers of a kind in these hours, NaN where there are none.
    """

    happened: Float[Tensor, "cases kinds"]
    numbers: Float[Tensor, "cases kinds"]


@dataclass(frozen=True)
class Forecast:
    """The method as data.

    Attributes:
        hours: After a moment, for which is foretold what will be recorded.
        numbers: Weight of the numbers' loss beside that of which kinds of event follow.

    Raises:
        StudyError: The hours are not positive, or the weight is negative.
    """

    hours: float = 12.0
    numbers: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.hours) and self.hours > 0 and math.isfinite(self.numbers) and self.numbers >= 0):
            msg = f"a forecast was declared as {self}; hours are positive, and the weight of numbers is 0 or more"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"foretelling, from each history as it stood at a time drawn at random, which kinds of event follow within "
            f"{self.hours:g} hours and the means of their numbers (after Tipirneni and Reddy, 2022; weight of the "
            f"numbers {self.numbers:g})"
        )

    def admit(self, views: object) -> None:
        """Any views, or none."""

    def task(self, prepared: Any, views: Any) -> "Past":  # noqa: ANN401 - what Pretext gives
        """A cut in every history; raises StudyError where cases are no histories."""
        if not isinstance(prepared, PreparedRecords):
            msg = (
                f"a forecast was declared for a network whose cases are prepared as {type(prepared).__name__}; it "
                "learns from histories alone: declare it for a network on records"
            )
            raise StudyError(msg)
        return Past(self.hours, len(prepared.preparation.vocabulary), views)

    def head(self, encoder: Any, cases: Batches[EventTensors], task: Any) -> "Foreteller":  # noqa: ANN401
        """A head that foretells of every case what is usual.

        Raises:
            ModelError: No history reaches back far enough, or nothing follows in any.
        """
        usual = _Usual.of(cases, task)
        if not usual.complete:
            msg = (
                f"what follows within {self.hours:g} hours was to be learned from {len(cases)} histories of which none "
                "reaches back so far; declare fewer hours, or a longer observation window"
            )
            raise ModelError(msg)
        if not usual.happened.any():
            msg = (
                f"what follows within {self.hours:g} hours was to be learned from {len(cases)} histories, and nothing "
                "follows in any; declare more hours"
            )
            raise ModelError(msg)
        return Foreteller(self, encoder.width, usual)

    def verdict(self, head: object, features: Sequence[Pooled], *, before: float, after: float) -> Mapping[str, Json]:
        """How much less is lost than by foretelling what is usual, and how far features spread.

        Raises:
            ModelError: Features tell cases no longer apart.
        """
        del head
        found = spread(torch.cat([one.values.mean(0).float() for one in features]))
        if found < NARROW:
            msg = (
                f"learning without outcomes collapsed: features spread by {found:.4f} of their size (at least {NARROW} "
                "is needed); lower the learning rate, or look for cases that are all alike"
            )
            raise ModelError(msg)
        return {
            "start_usual_loss": round(before, 6),
            "start_loss_saved": round(1 - after / before, 6) if before > 0 else 0.0,
            "start_feature_spread": round(found, 6),
        }


@dataclass(frozen=True)
class Past:
    """Histories as they stood at a time drawn at random, and what followed as targets.

    Attributes:
        hours: That are looked ahead.
        kinds: Of event that are told apart.
        views: Done to the past after it was cut; None for nothing.
    """

    hours: float
    kinds: int
    views: Any = None

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        viewed = f"; {self.views.description}" if self.views is not None else ""
        return f"histories as of a time drawn at random, {self.hours:g} hours looked ahead{viewed}"

    def __call__(self, batch: EventTensors, targets: Tensor) -> tuple[EventTensors, Float[Tensor, "cases 2 kinds"]]:
        """The past, and `Followed` in the place of the targets."""
        del targets
        cut = self._drawn(batch)
        followed = torch.stack(tuple(self._followed(batch, cut)), 1)
        past = until(batch, cut)
        return (past, followed) if self.views is None else self.views(past, followed)

    def _drawn(self, batch: EventTensors) -> Float[Tensor, " cases"]:
        """A time for each case, in hours before its index time: after one of its moments and before the next.

        Where a history reaches back far enough, all the hours that are looked ahead lie in it.
        """
        owners, steps = batch.moment_owners, batch.moment_steps
        held = batch.moments - 1
        far = torch.bincount(
            owners[(steps < held[owners]) & (batch.moment_hours >= self.hours)], minlength=len(batch.moments)
        )
        choice = torch.where(far > 0, far, held)
        drawn = torch.rand(2, len(choice), device=batch.hours.device)
        place = torch.minimum((drawn[0] * choice).long(), (choice - 1).clamp_min(0))
        place = place + torch.cumsum(batch.moments, 0) - batch.moments
        here, following = batch.moment_hours[place], batch.moment_hours[torch.where(held > 0, place + 1, place)]
        latest = torch.where(far > 0, following.clamp_min(self.hours), following)
        return here - drawn[1] * (here - latest)

    def _followed(self, batch: EventTensors, cut: Float[Tensor, " cases"]) -> Followed:
        cases = len(batch.moments)
        after = (batch.hours < cut[batch.owners]) & (batch.hours >= cut[batch.owners] - self.hours)
        cells = batch.owners * self.kinds + batch.tokens
        numbered = after & (batch.known > 0)
        happened = batch.hours.new_zeros(cases * self.kinds)
        happened[cells[after]] = 1.0
        count = torch.zeros_like(happened).index_add(0, cells[numbered], batch.known[numbered])
        total = torch.zeros_like(happened).index_add(0, cells[numbered], batch.numbers[numbered])
        unknown = (cut < self.hours).unsqueeze(1)
        return Followed(
            happened.reshape(cases, -1).masked_fill(unknown, torch.nan),
            (total / count).reshape(cases, -1),  # 0 / 0 is NaN
        )


@dataclass(frozen=True)
class _Usual:
    """What follows in cases, whatever the case.

    Attributes:
        complete: Pasts of which it is known what follows.
        happened: Of these, those in which a kind of event follows, shape (kinds,).
        numbered: Pasts in which a kind of event follows with a number, shape (kinds,).
        total: Sum of these numbers, shape (kinds,).
    """

    complete: int
    happened: Tensor
    numbered: Tensor
    total: Tensor

    @classmethod
    def of(cls, cases: Batches[EventTensors], task: Past) -> "_Usual":
        """Over several pasts of each case."""
        where, sums = torch.device("cpu"), torch.zeros(3, task.kinds)
        complete = 0
        for part in _parts(len(cases)):
            happened, numbers = task(cases.take(part, where), torch.zeros(len(part)))[1].unbind(1)
            complete += int(torch.isfinite(happened[:, 0]).sum())
            sums += torch.stack([happened.nansum(0), torch.isfinite(numbers).float().sum(0), numbers.nansum(0)])
        return cls(complete, *sums)


class Foreteller(Head[Pooled, Any, Any]):
    """What follows, from one vector a case; before it has learned, what is usual, whatever the case."""

    kinds: Tensor

    def __init__(self, method: Forecast, width: int, usual: _Usual) -> None:
        super().__init__()
        self.method = method
        self.register_buffer("kinds", torch.nonzero(usual.happened).flatten())
        self.layer = nn.Linear(width, 2 * len(self.kinds))
        rates = (usual.happened[self.kinds] / usual.complete).clamp(_RARE, 1 - _RARE)
        means = usual.total[self.kinds] / usual.numbered[self.kinds].clamp_min(1)
        with torch.no_grad():
            self.layer.weight.zero_()
            self.layer.bias.copy_(torch.cat([rates.logit(), means]))

    def adapt(self, outcomes: Sequence[Any]) -> None:
        """Outcomes are not looked at."""

    def targets(self, outcomes: Sequence[Any]) -> Tensor:
        """As many zeros as there are cases: what follows is drawn batch by batch."""
        return torch.zeros(len(outcomes))

    def forward(self, features: Pooled) -> Float[Tensor, "cases 2 kinds"]:
        """Of each kind of event that was ever seen to follow the log-odds that it does, and its number."""
        told: Tensor = self.layer(features.values.mean(0))
        return told.reshape(len(told), 2, -1)

    def loss(self, outputs: Float[Tensor, "cases 2 kinds"], targets: Float[Tensor, "cases 2 all"]) -> Float[Tensor, ""]:
        """Cross-entropy of what follows, and the weighted smooth absolute error of numbers, where these are known."""
        followed = targets[:, :, self.kinds]
        known = torch.isfinite(followed)
        whole = torch.nan_to_num(followed)
        happened = binary_cross_entropy_with_logits(outputs[:, 0], whole[:, 0], reduction="none")
        numbers = smooth_l1_loss(outputs[:, 1], whole[:, 1], reduction="none")
        return _mean(happened, known[:, 0]) + self.method.numbers * _mean(numbers, known[:, 1])

    def decode(self, outputs: NDArray[np.float32]) -> list[Any]:
        """What is foretold, as it is."""
        return list(outputs)


def _mean(values: Tensor, known: Tensor) -> Tensor:
    return (values * known).sum() / known.sum().clamp_min(1)


def _parts(cases: int) -> list[Tensor]:
    """Positions of all cases in batches, several times: every time they are cut elsewhere."""
    return [part for _ in range(_DRAWS) for part in torch.split(torch.arange(cases), _CHUNK)]
