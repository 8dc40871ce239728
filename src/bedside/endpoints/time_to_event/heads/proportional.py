"""What the heads of log hazard ratios share: the partial likelihood of a batch and baselines of all development."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.decoding import FARTHEST, HazardRatios
from bedside.endpoints.time_to_event.heads.followed import CAUSE, ENTRY, TIME, log_odds, rows, times_to_learn
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import timed
from bedside.networks.blocks import MemberLinear
from bedside.networks.features import Pooled
from bedside.networks.head import Concluding
from bedside.stats.cox import AtRisk, Hazard
from bedside.stats.times import Times


class ProportionalHead(Concluding[Pooled, Followed, Incidence]):
    """A log hazard ratio a case, member and cause; baselines are Breslow's on all development cases.

    Trained by Cox's partial likelihood within each batch (Cox, J R Stat Soc B 1972, 34:187; Kvamme, Borgan and Scheel,
    JMLR 2019, 20:129), in which a case is at risk from its entry on. Events at the same time take Breslow's form. The
    baseline is that of each member, at the endpoint's grid of times, so that curves are exact there.

    Attributes:
        baseline: Cumulative hazard of each member, cause and time of the grid.
        centre: Log hazard ratio of each member and cause that this baseline belongs to.
    """

    baseline: Tensor
    centre: Tensor

    def __init__(self, endpoint: Endpoint[Any, Any], width: int, members: int) -> None:
        """Make a head.

        Args:
            endpoint: Its causes and times.
            width: Features a case.
            members: How many members share a pass.

        Raises:
            ModelError: The endpoint is no time to an event.
        """
        super().__init__()
        self.endpoint, self.target = endpoint, timed(endpoint, type(self).__name__)
        self.causes, self.members = len(self.target.causes), members
        self.register_buffer("baseline", torch.zeros(members, self.causes, len(self.target.grid)))
        self.register_buffer("centre", torch.zeros(members, self.causes))
        self.layer = MemberLinear(members, width, self.causes)

    def adapt(self, outcomes: Sequence[Followed]) -> None:
        """Start every member at the cumulative hazards of all development cases (Nelson and Aalen's).

        Raises:
            OutcomeProblem: An event has the number of no cause.
            ModelError: A cause has no event by the last time that is predicted.
        """
        times = times_to_learn(self.endpoint, outcomes)
        self._learn(np.zeros((len(outcomes), self.members, self.causes), dtype=np.float32), times)

    def conclude(self, outputs: NDArray[np.float32], outcomes: Sequence[Followed]) -> None:
        """Learn the baselines that belong to these log hazard ratios, shape (cases, members, causes)."""
        self._learn(outputs, times_to_learn(self.endpoint, outcomes))

    def _learn(self, outputs: NDArray[np.float32], times: Times) -> None:
        ratios = outputs.astype(np.float64)
        centre = ratios.mean(axis=0)
        ratios = np.clip(ratios - centre, -FARTHEST, FARTHEST)
        found = np.zeros(self.baseline.shape)
        for cause in range(self.causes):
            risk = AtRisk.of(times, cause + 1)
            for member in range(self.members):
                found[member, cause] = Hazard.of(risk, ratios[:, member, cause]).cumulative(self.target.grid)
        self.baseline.copy_(torch.from_numpy(found))
        self.centre.copy_(torch.from_numpy(centre))

    def targets(self, outcomes: Sequence[Followed]) -> Float[Tensor, "cases 3"]:
        """Time, cause and entry.

        Raises:
            OutcomeProblem: An event has the number of no cause.
        """
        return rows(self.target, outcomes)

    def forward(self, features: Pooled) -> Float[Tensor, "cases members causes"]:
        """Log hazard ratios, up to a constant."""
        outputs: Tensor = self.layer(features.values)
        return outputs.transpose(0, 1)

    def loss(
        self, outputs: Float[Tensor, "cases members causes"], targets: Float[Tensor, "cases 3"]
    ) -> Float[Tensor, ""]:
        """Negative log partial likelihood of the batch, of all causes, a case; 0 in a batch without events."""
        each = [_partial(outputs[:, :, cause], targets, targets[:, CAUSE] == cause + 1) for cause in range(self.causes)]
        return torch.stack(each).sum(dim=0).mean() / len(outputs)

    def scores(self, outputs: Float[Tensor, "cases members causes"]) -> Float[Tensor, "cases members 1"]:
        """The log hazard ratio; with competing causes the log-odds of the first by the primary horizon."""
        apart = (outputs - self.centre).clamp(-FARTHEST, FARTHEST)
        if self.causes == 1:
            return apart
        place = self.target.place(self.target.primary) + 1
        known = self.baseline[..., :place]
        steps = torch.diff(known, dim=-1, prepend=torch.zeros_like(known[..., :1])) * apart.exp()[..., None]
        every = steps.sum(dim=2)
        before = torch.exp(-(every.cumsum(dim=-1) - every))
        share = steps[:, :, 0] / every.clamp(min=torch.finfo(every.dtype).tiny)
        return log_odds((before * -torch.expm1(-every) * share).sum(dim=-1, keepdim=True))

    @property
    def decoding(self) -> HazardRatios:
        """What `decode` does, without the head."""
        return HazardRatios(self.target, self.baseline.double().cpu().numpy(), self.centre.double().cpu().numpy())

    def decode(self, outputs: NDArray[np.float32]) -> list[Incidence]:
        """Mean cumulative incidences over members."""
        return self.decoding(outputs)


def _partial(
    ratios: Float[Tensor, "cases members"], targets: Float[Tensor, "cases 3"], came: Tensor
) -> Float[Tensor, " members"]:
    """Sum over events of the log of the sum over those at risk, less their own log hazard ratio."""
    if not bool(came.any()):
        return 0.0 * ratios.sum(dim=0)
    time, entry = targets[:, TIME], targets[:, ENTRY]
    when = time[came][:, None]
    there = (time >= when) & (entry < when)
    # Single precision may take an entry for its time: whoever has the event is at risk.
    there |= torch.nonzero(came) == torch.arange(len(time), device=time.device)
    top = ratios.detach().max(dim=0).values
    total = there.to(ratios.dtype) @ (ratios - top).exp()
    own = (ratios - top)[came]
    return (torch.log(total.clamp(min=torch.finfo(total.dtype).tiny)) - own).sum(dim=0)
