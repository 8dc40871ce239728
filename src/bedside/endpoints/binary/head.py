"""The head of a network for an outcome that is there or not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from bedside.endpoints.binary.decoding import MeanProbability
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.networks.blocks import MemberLinear
from bedside.networks.features import Pooled
from bedside.networks.head import WeighingHead
from bedside.networks.losses import LOG_LOSS, ClassLoss, ClassWeights, class_weights
from bedside.types import Floats


class BinaryHead(WeighingHead[Pooled, bool, float]):
    """One log-odds a case and member; members' probabilities are averaged."""

    weight: Tensor

    def __init__(
        self,
        endpoint: Endpoint[Any, Any],
        width: int,
        members: int,
        *,
        loss: ClassLoss = LOG_LOSS,
        weights: ClassWeights = None,
    ) -> None:
        """Make a head.

        Args:
            endpoint: Names the classes for messages.
            width: Features a case.
            members: How many members share a pass.
            loss: Of the probability of the true class ("Focal(2.0)").
            weights: Of the two classes, the negative one first.
        """
        super().__init__()
        self.endpoint = endpoint
        self.of_class, self.weights = loss, weights
        self.reweighted = weights is not None or not loss.proper
        self.register_buffer("weight", torch.ones(2), persistent=False)
        self.layer = MemberLinear(members, width, 1)

    def adapt(self, outcomes: Sequence[bool], weights: "Floats | None" = None) -> None:
        """Start every member at the prevalence.

        Raises:
            ModelError: All outcomes are the same.
        """
        events = sum(map(bool, outcomes))
        if not 0 < events < len(outcomes):
            raise one_class(self.endpoint, len(outcomes))
        counts = np.array([len(outcomes) - events, events], dtype=np.float64)
        if weights is not None:
            there = np.fromiter(outcomes, dtype=np.bool_, count=len(outcomes))
            counts = np.array([weights[~there].sum(), weights[there].sum()])
        self.weight.copy_(class_weights(self.weights, counts))
        with torch.no_grad():
            self.layer.bias.fill_(float(np.log(counts[1] / counts[0])))

    def targets(self, outcomes: Sequence[bool]) -> Float[Tensor, " cases"]:
        """1 where the outcome is there, else 0."""
        return torch.tensor([float(outcome) for outcome in outcomes])

    def forward(self, features: Pooled) -> Float[Tensor, "cases members 1"]:
        """Log-odds."""
        outputs: Tensor = self.layer(features.values)
        return outputs.transpose(0, 1)

    def loss(
        self,
        outputs: Float[Tensor, "cases members 1"],
        targets: Float[Tensor, " cases"],
        weights: "Float[Tensor, ' cases'] | None" = None,
    ) -> Float[Tensor, ""]:
        """Mean loss, weighted by class and by case."""
        logits = outputs.squeeze(-1)
        each = None if weights is None else weights.unsqueeze(1).expand_as(logits)
        if self.reweighted:
            true = targets.unsqueeze(1).expand_as(logits)
            losses = self.of_class(torch.nn.functional.logsigmoid(logits * (2.0 * true - 1.0)))
            losses = losses * self.weight[true.long()]
            return losses.mean() if each is None else (losses * each).mean()
        true = targets.unsqueeze(1).expand_as(logits)
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, true, weight=each)

    @property
    def decoding(self) -> MeanProbability:
        """What `decode` does, without the head."""
        return MeanProbability()

    def decode(self, outputs: NDArray[np.float32]) -> list[float]:
        """Mean probability over members."""
        return self.decoding(outputs)


def one_class(endpoint: Endpoint[Any, Any], cases: int) -> ModelError:
    """The error for development outcomes that are all the same."""
    return ModelError(
        f"a network for a {endpoint.name} endpoint cannot be fitted: all {cases} development outcomes are the same; "
        "use a larger cohort, fewer folds or a stratified validation"
    )
