"""The head of a network for ordered grades: probabilities of "grade k or more" that fall with k by construction."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor, nn

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.ordinal.decoding import MeanGrades
from bedside.errors import ModelError
from bedside.networks.blocks import MemberLinear
from bedside.networks.features import Pooled
from bedside.networks.head import Head
from bedside.networks.losses import LOG_LOSS, ClassLoss, ClassWeights, class_weights

_NARROWEST = 1e-3
"""Least distance between neighbouring thresholds in log-odds, so that no grade is impossible."""


class OrdinalHead(Head[Pooled, int, tuple[float, ...]]):
    """Cumulative logits: the log-odds of grade 1 or more, and how far those of each further grade lie below them.

    With proportional odds these distances are the same for all cases, and the features move one score along a scale
    with fixed thresholds (McCullagh, J R Stat Soc B 1980, 42:109). Without, each case has its own distances, kept
    positive, so that probabilities never cross (unlike separate logistic models of each threshold). Members'
    probabilities are averaged. A head without any order is `MulticlassHead`.
    """

    weight: Tensor

    def __init__(
        self,
        endpoint: Endpoint[Any, Any],
        width: int,
        members: int,
        *,
        proportional: bool = False,
        loss: ClassLoss = LOG_LOSS,
        weights: ClassWeights = None,
    ) -> None:
        """Make a head.

        Args:
            endpoint: Its grades.
            width: Features a case.
            members: How many members share a pass.
            proportional: Whether distances between thresholds are the same for all cases.
            loss: Of the probability of the true grade ("Focal(2.0)").
            weights: Of the grades, the lowest first.

        Raises:
            ModelError: The endpoint has no grades.
        """
        super().__init__()
        questions = endpoint.target.questions
        if len(questions) != 1:
            msg = f"an ordinal head needs an endpoint that is one of several grades, not a {endpoint.name} one"
            raise ModelError(msg)
        self.grades = questions[0].classes
        self.of_class, self.weights = loss, weights
        self.reweighted = weights is not None or not loss.proper
        self.register_buffer("weight", torch.ones(len(self.grades)), persistent=False)
        further = len(self.grades) - 2
        self.layer = MemberLinear(members, width, 1 if proportional else 1 + further)
        # With proportional odds the distances are parameters beside the layer, else part of its bias.
        self.distances = nn.Parameter(torch.zeros(members, 1, further)) if proportional else None

    def adapt(self, outcomes: Sequence[int]) -> None:
        """Start every member at the prevalences, each grade counted as half a case more.

        Raises:
            ModelError: All outcomes are the same.
        """
        counts = np.bincount(np.asarray(outcomes, dtype=np.int64), minlength=len(self.grades))
        if (counts > 0).sum() < 2:
            msg = (
                f"a network for the grades {list(self.grades)} cannot be fitted: all {len(outcomes)} development "
                "outcomes are the same; use a larger cohort, fewer folds or a stratified validation"
            )
            raise ModelError(msg)
        self.weight.copy_(class_weights(self.weights, counts))
        above = np.cumsum((counts + 0.5)[::-1])[::-1]
        reached = above[1:] / above[0]
        odds = np.log(reached / (1.0 - reached))
        # The inverse of softplus.
        apart = np.log(np.expm1(np.maximum(-np.diff(odds) - _NARROWEST, _NARROWEST)))
        with torch.no_grad():
            if self.distances is None:
                self.layer.bias.copy_(torch.from_numpy(np.concatenate([odds[:1], apart])))
            else:
                self.layer.bias.fill_(float(odds[0]))
                self.distances.copy_(torch.from_numpy(apart))

    def targets(self, outcomes: Sequence[int]) -> Int64[Tensor, " cases"]:
        """Grade numbers."""
        return torch.tensor([int(outcome) for outcome in outcomes], dtype=torch.int64)

    def forward(self, features: Pooled) -> Float[Tensor, "cases members thresholds"]:
        """Log-odds of grade 1 or more, 2 or more, and so on: strictly falling."""
        # In half precision neighbouring thresholds would round to one, and the grade between them be impossible.
        outputs: Tensor = self.layer(features.values).to(self.weight.dtype)
        first, raw = outputs[..., :1], outputs[..., 1:]
        if self.distances is not None:
            raw = self.distances.expand(-1, first.shape[1], -1)
        apart = nn.functional.softplus(raw) + _NARROWEST
        return torch.cat([first, first - apart.cumsum(dim=-1)], dim=-1).transpose(0, 1)

    def loss(
        self, outputs: Float[Tensor, "cases members thresholds"], targets: Int64[Tensor, " cases"]
    ) -> Float[Tensor, ""]:
        """Mean loss of the true grade's probability, weighted by grade."""
        chances = log_probabilities(outputs)
        place = targets[:, None, None].expand(-1, outputs.shape[1], 1)
        losses = self.of_class(chances.gather(2, place).squeeze(2))
        return (losses * self.weight[targets][:, None]).mean()

    def scores(self, outputs: Float[Tensor, "cases members thresholds"]) -> Float[Tensor, "cases members grades"]:
        """Log probabilities of the grades; of two grades the log-odds of the second."""
        return outputs if outputs.shape[-1] == 1 else log_probabilities(outputs)

    @property
    def decoding(self) -> MeanGrades:
        """What `decode` does, without the head."""
        return MeanGrades()

    def decode(self, outputs: NDArray[np.float32]) -> list[tuple[float, ...]]:
        """Mean probabilities of the grades over members."""
        return self.decoding(outputs)


def log_probabilities(
    logits: Float[Tensor, "cases members thresholds"],
) -> Float[Tensor, "cases members grades"]:
    """Log probabilities of the grades from falling log-odds of grade k or more."""
    above, below = nn.functional.logsigmoid(logits), nn.functional.logsigmoid(-logits)
    # sigmoid(a) - sigmoid(b) is sigmoid(a) sigmoid(-b) (1 - exp(b - a)), which does not cancel.
    apart = torch.log(-torch.expm1(logits[..., 1:] - logits[..., :-1]))
    between = above[..., :-1] + below[..., 1:] + apart
    return torch.cat([below[..., :1], between, above[..., -1:]], dim=-1)
