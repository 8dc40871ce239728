"""DeepHit's head: the probability of every cause in every interval, trained to rank cases besides."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.decoding import IntervalChances
from bedside.endpoints.time_to_event.heads.followed import CAUSE, ENTRY, TIME, log_odds, rows, times_to_learn, until
from bedside.endpoints.time_to_event.heads.intervals import Watched, cut_points, shares_passed, watched
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import timed
from bedside.errors import ModelError
from bedside.networks.blocks import MemberLinear
from bedside.networks.features import Pooled
from bedside.networks.head import Head
from bedside.stats.incidence import curve


class DeepHitHead(Head[Pooled, Followed, Incidence]):
    """One softmax over causes, intervals and none by the last time; members' curves are averaged.

    Lee, Zame, Yoon and van der Schaar (AAAI 2018): the likelihood of what was seen, plus a loss that wants a case with
    an event to have the higher incidence at that time than a case that was still watched and free of all events.
    Intervals hold as many development events each; within one, incidences rise in a straight line. A case that entered
    late counts given that it was free of events by then.

    Ranking moves probabilities, so that its predictions are recalibrated before epochs are compared.
    """

    cuts: Tensor

    def __init__(
        self,
        endpoint: Endpoint[Any, Any],
        width: int,
        members: int,
        *,
        intervals: int = 20,
        ranking: float = 0.05,
        softness: float = 0.1,
    ) -> None:
        """Make a head.

        Args:
            endpoint: Its causes and times.
            width: Features a case.
            members: How many members share a pass.
            intervals: Into which time is cut.
            ranking: Weight of the ranking loss beside the likelihood; 0 for the likelihood alone.
            softness: Difference of incidences at which a pair's ranking loss has fallen to a third.

        Raises:
            ModelError: The endpoint is no time to an event, or a number is out of its range.
        """
        super().__init__()
        self.endpoint, self.target = endpoint, timed(endpoint, type(self).__name__)
        if intervals < 1 or not ranking >= 0 or not softness > 0:
            msg = (
                f"DeepHitHead was given {intervals} intervals, ranking={ranking} and softness={softness}; it needs 1 "
                "interval or more, a ranking of 0 or more and a softness above 0, such as 20, 0.05 and 0.1"
            )
            raise ModelError(msg)
        self.causes, self.intervals = len(self.target.causes), intervals
        self.ranking, self.softness = ranking, softness
        self.reweighted = ranking > 0
        even = self.target.until * torch.arange(1, intervals + 1, dtype=torch.float32) / intervals
        self.register_buffer("cuts", even)
        self.layer = MemberLinear(members, width, self.causes * intervals + 1)

    def adapt(self, outcomes: Sequence[Followed]) -> None:
        """Cut time at development's events, and start every member at the incidences of all development cases.

        Raises:
            OutcomeProblem: An event has the number of no cause.
            ModelError: A cause has no event by the last time that is predicted.
        """
        times = times_to_learn(self.endpoint, outcomes)
        ends = cut_points(times, self.intervals, self.target.until)
        self.cuts.copy_(torch.from_numpy(ends))
        # Beyond the last time somebody was watched curves stay where they were.
        risen = [np.diff(_held(curve(times, k + 1, None, ends)[0]), prepend=0.0) for k in range(self.causes)]
        least = 1.0 / (len(times) * self.intervals)
        mass = np.maximum(np.where(ends <= self.target.until, np.array(risen), 0.0), least)
        none = max(1.0 - float(mass.sum()), 1.0 / len(times))
        start = torch.from_numpy(np.log(np.append(mass.ravel(), none)))
        with torch.no_grad():
            self.layer.bias.copy_(start)

    def targets(self, outcomes: Sequence[Followed]) -> Float[Tensor, "cases 3"]:
        """Time, cause and entry.

        Raises:
            OutcomeProblem: An event has the number of no cause.
        """
        return rows(self.target, outcomes)

    def forward(self, features: Pooled) -> Float[Tensor, "cases members places"]:
        """Logits of each interval of the first cause, then of the next; the last is of none of them."""
        outputs: Tensor = self.layer(features.values)
        return outputs.transpose(0, 1)

    def loss(
        self, outputs: Float[Tensor, "cases members places"], targets: Float[Tensor, "cases 3"]
    ) -> Float[Tensor, ""]:
        """Mean negative log-likelihood, and the mean ranking loss of the batch's pairs times its weight."""
        seen = watched(targets, self.cuts, self.target.until)
        chances = outputs.log_softmax(dim=2)
        likelihood = self._unlikely(chances, seen).mean()
        if self.ranking == 0:
            return likelihood
        return likelihood + self.ranking * self._misranked(chances.exp(), targets, seen)

    def scores(self, outputs: Float[Tensor, "cases members places"]) -> Float[Tensor, "cases members 1"]:
        """Log-odds of the cause of interest by the primary horizon."""
        cuts = self.cuts.double().cpu().numpy()
        passed = torch.from_numpy(shares_passed(cuts, self.target.primary)).to(outputs)
        return log_odds((outputs.softmax(dim=2)[..., : self.intervals] * passed).sum(dim=-1, keepdim=True))

    @property
    def decoding(self) -> IntervalChances:
        """What `decode` does, without the head."""
        return IntervalChances(self.target, self.cuts.double().cpu().numpy())

    def decode(self, outputs: NDArray[np.float32]) -> list[Incidence]:
        """Mean cumulative incidences over members."""
        return self.decoding(outputs)

    def _unlikely(
        self, chances: Float[Tensor, "cases members places"], seen: Watched
    ) -> Float[Tensor, "cases members"]:
        """Negative log-likelihood of each case, given that it was free of events when it entered."""
        place = seen.cause * self.intervals + seen.ended
        rest = 1.0 - seen.entered.gather(1, seen.ended[:, None])
        came = chances.gather(2, place[:, None, None].expand(-1, chances.shape[1], 1))[..., 0]
        came = came + rest.clamp(min=1e-6).log()
        # Fewer than all cases enter late, and what all share is 0 then.
        late = self._free(chances, seen.entered)
        return late - torch.where(seen.event[:, None] > 0, came, self._free(chances, seen.passed))

    def _free(
        self, chances: Float[Tensor, "cases members places"], passed: Float[Tensor, "cases intervals"]
    ) -> Float[Tensor, "cases members"]:
        """Log probability of no event before the time by which these shares of intervals have passed."""
        left = (1.0 - passed).repeat(1, self.causes)
        ahead = torch.cat([left, torch.ones_like(left[:, :1])], dim=1)[:, None]
        # Zero shares are left out of the sum without a logarithm of 0.
        return (chances + torch.where(ahead > 0, ahead.clamp(min=1e-12).log(), -torch.inf)).logsumexp(dim=2)

    def _misranked(
        self, chances: Float[Tensor, "cases members places"], targets: Float[Tensor, "cases 3"], seen: Watched
    ) -> Float[Tensor, ""]:
        """Mean over pairs of a case with an event and one that was then watched and stayed free of events."""
        known = until(targets, self.target.until)
        with_event = torch.nonzero(known[:, CAUSE] > 0)[:, 0]
        when = known[with_event, TIME, None]
        pairs = (known[:, TIME] > when) & (known[:, ENTRY] < when)
        count = pairs.sum()
        risen = chances[..., :-1].reshape(*chances.shape[:2], self.causes, self.intervals).cumsum(dim=-1)
        # Incidences of every case, of the cause and at the end of the interval of each event: (events, cases, members).
        at = risen[:, :, seen.cause[with_event], seen.ended[with_event]].permute(2, 0, 1)
        own = at[torch.arange(len(with_event), device=at.device), with_event][:, None]
        each = torch.exp((at - own) / self.softness) * pairs[..., None]
        return each.sum() / (count.clamp(min=1) * chances.shape[1])


def _held(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """A rising curve, held at its last value where it is unknown."""
    return np.maximum.accumulate(np.nan_to_num(values, nan=0.0))
