"""The head that says, interval by interval, how probable the event is for those whom it has spared so far."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.decoding import IntervalHazards
from bedside.endpoints.time_to_event.heads.followed import log_odds, rows, times_to_learn
from bedside.endpoints.time_to_event.heads.intervals import Watched, cut_points, shares_passed, watched
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import timed
from bedside.errors import ModelError
from bedside.networks.blocks import MemberLinear
from bedside.networks.features import Pooled
from bedside.networks.head import Head

_LEAST_REST = 1e-6
"""Share of its last interval in which a case that entered late was at least watched."""


class LogisticHazardHead(Head[Pooled, Followed, Incidence]):
    """Log-odds of each cause in each interval against staying free of all; members' curves are averaged.

    The discrete-time hazard of Gensheimer and Narasimhan (PeerJ 2019, 7:e6257), with a softmax over causes (Lee, Feuer
    and Fine, J R Stat Soc A 2018, 181:1243). Intervals hold as many development events each. Within an interval hazards
    are taken as constant (Kvamme and Borgan, Lifetime Data Anal 2021, 27:710): a case that is censored or enters within
    one counts for the part of it in which it was watched, and curves are read between the cuts in the same way.

    One part of the log-odds is common to all intervals (proportional odds), so that it is learned from all events.
    """

    cuts: Tensor

    def __init__(self, endpoint: Endpoint[Any, Any], width: int, members: int, *, intervals: int = 20) -> None:
        """Make a head.

        Args:
            endpoint: Its causes and times.
            width: Features a case.
            members: How many members share a pass.
            intervals: Into which time is cut.

        Raises:
            ModelError: The endpoint is no time to an event, or there is no interval.
        """
        super().__init__()
        self.endpoint, self.target = endpoint, timed(endpoint, type(self).__name__)
        if intervals < 1:
            msg = f"a head for times to events was given {intervals} intervals; it needs 1 or more, such as 20"
            raise ModelError(msg)
        self.causes, self.intervals = len(self.target.causes), intervals
        even = self.target.until * torch.arange(1, intervals + 1, dtype=torch.float32) / intervals
        self.register_buffer("cuts", even)
        self.layer = MemberLinear(members, width, self.causes * intervals)
        self.common = MemberLinear(members, width, self.causes)

    def adapt(self, outcomes: Sequence[Followed]) -> None:
        """Cut time at development's events, and start every member at the hazards of all development cases.

        Each hazard is drawn towards that of its cause over all intervals, as by one case more.

        Raises:
            OutcomeProblem: An event has the number of no cause.
            ModelError: A cause has no event by the last time that is predicted.
        """
        times = times_to_learn(self.endpoint, outcomes)
        ends = cut_points(times, self.intervals, self.target.until).astype(np.float32)
        self.cuts.copy_(torch.from_numpy(ends))
        seen = watched(self.targets(outcomes).to(self.cuts.device), self.cuts, self.target.until)
        came = torch.zeros(self.causes, self.intervals, dtype=torch.float64, device=self.cuts.device)
        came.index_put_((seen.cause, seen.ended), seen.event.double(), accumulate=True)
        watch = _watch(seen) + _ending(seen, 1.0 - seen.entered)
        at_risk = watch.double().sum(dim=0)
        overall = came.sum(dim=1, keepdim=True) / at_risk.sum().clamp(min=1.0)
        hazard = (came + overall) / (at_risk + 1.0)
        every = hazard.sum(dim=0)
        hazard = hazard * (every.clamp(max=0.99) / every)
        with torch.no_grad():
            self.layer.bias.copy_((hazard / (1.0 - hazard.sum(dim=0))).log().flatten())

    def targets(self, outcomes: Sequence[Followed]) -> Float[Tensor, "cases 3"]:
        """Time, cause and entry.

        Raises:
            OutcomeProblem: An event has the number of no cause.
        """
        return rows(self.target, outcomes)

    def forward(self, features: Pooled) -> Float[Tensor, "cases members causes intervals"]:
        """Log-odds of each cause against none."""
        own: Tensor = self.layer(features.values)
        common: Tensor = self.common(features.values)
        each = own.reshape(*own.shape[:2], self.causes, self.intervals) + common.unsqueeze(-1)
        return each.transpose(0, 1)

    def loss(
        self, outputs: Float[Tensor, "cases members causes intervals"], targets: Float[Tensor, "cases 3"]
    ) -> Float[Tensor, ""]:
        """Mean negative log-likelihood; who entered late counts from then on."""
        seen = watched(targets, self.cuts, self.target.until)
        every = outputs.logsumexp(dim=2)
        free = softplus(every)
        lost = (free * _watch(seen)[:, None]).sum(dim=-1)
        place = seen.ended[:, None, None].expand(-1, outputs.shape[1], 1)
        last = every.gather(2, place)[..., 0]
        each = outputs.gather(3, place[..., None].expand(-1, -1, self.causes, 1))[..., 0]
        of_cause = each.gather(2, seen.cause[:, None, None].expand_as(place))[..., 0] - last
        rest = _rest(seen)[:, None]
        partly = torch.log(-torch.expm1(-(rest * softplus(last.clamp(min=-60.0)))))
        came = of_cause + torch.where(rest < 1.0, partly, logsigmoid(last))
        return (lost - seen.event[:, None] * came).mean()

    def scores(self, outputs: Float[Tensor, "cases members causes intervals"]) -> Float[Tensor, "cases members 1"]:
        """Log-odds of the cause of interest by the primary horizon."""
        cuts = self.cuts.double().cpu().numpy()
        passed = torch.from_numpy(shares_passed(cuts, self.target.primary)).to(outputs)
        every = outputs.logsumexp(dim=2)
        lost = softplus(every)
        before = torch.exp(-(lost.cumsum(dim=-1) - lost))
        share = torch.exp(outputs[:, :, 0] - every)
        risk = (before * -torch.expm1(-lost * passed) * share).sum(dim=-1, keepdim=True)
        return log_odds(risk)

    @property
    def decoding(self) -> IntervalHazards:
        """What `decode` does, without the head."""
        return IntervalHazards(self.target, self.cuts.double().cpu().numpy())

    def decode(self, outputs: NDArray[np.float32]) -> list[Incidence]:
        """Mean cumulative incidences over members."""
        return self.decoding(outputs)


def _watch(seen: Watched) -> Float[Tensor, "cases intervals"]:
    """Share of each interval in which a case was watched and stayed free; 0 in that of its event."""
    return seen.passed - seen.entered - _ending(seen, seen.passed - seen.entered)


def _ending(seen: Watched, values: Float[Tensor, "cases intervals"]) -> Float[Tensor, "cases intervals"]:
    """Values in the interval of a case's event, 0 in all others."""
    last = torch.zeros_like(values).scatter_(1, seen.ended[:, None], seen.event[:, None])
    return last * values


def _rest(seen: Watched) -> Float[Tensor, " cases"]:
    """Share of the interval in which its watch ended that came after a case's entry."""
    entered: Tensor = seen.entered.gather(1, seen.ended[:, None])[:, 0]
    return (1.0 - entered).clamp(min=_LEAST_REST)
