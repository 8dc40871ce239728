"""The head of a network for an outcome that is one of several classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.decoding import MeanProbabilities
from bedside.errors import ModelError
from bedside.networks.blocks import MemberLinear
from bedside.networks.features import Pooled
from bedside.networks.head import Head
from bedside.networks.losses import LOG_LOSS, ClassLoss, ClassWeights, class_weights


class MulticlassHead(Head[Pooled, int, tuple[float, ...]]):
    """One logit a case, member and class; members' probabilities are averaged."""

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
            endpoint: Its classes.
            width: Features a case.
            members: How many members share a pass.
            loss: Of the probability of the true class ("Focal(2.0)").
            weights: Of the classes, in order.

        Raises:
            ModelError: The endpoint has no classes.
        """
        super().__init__()
        questions = endpoint.target.questions
        if len(questions) != 1:
            msg = f"a multiclass head needs an endpoint that is one of several classes, not a {endpoint.name} one"
            raise ModelError(msg)
        self.classes = questions[0].classes
        self.of_class, self.weights = loss, weights
        self.reweighted = weights is not None or not loss.proper
        self.register_buffer("weight", torch.ones(len(self.classes)), persistent=False)
        self.layer = MemberLinear(members, width, len(self.classes))

    def adapt(self, outcomes: Sequence[int]) -> None:
        """Start every member at the prevalences, each class counted as half a case more.

        Raises:
            ModelError: All outcomes are the same.
        """
        counts = np.bincount(np.asarray(outcomes, dtype=np.int64), minlength=len(self.classes))
        if (counts > 0).sum() < 2:
            msg = (
                f"a network for the classes {list(self.classes)} cannot be fitted: all {len(outcomes)} development "
                "outcomes are the same; use a larger cohort, fewer folds or a stratified validation"
            )
            raise ModelError(msg)
        self.weight.copy_(class_weights(self.weights, counts))
        with torch.no_grad():
            self.layer.bias.copy_(torch.from_numpy(np.log((counts + 0.5) / (counts + 0.5).sum())))

    def targets(self, outcomes: Sequence[int]) -> Int64[Tensor, " cases"]:
        """Class numbers."""
        return torch.tensor([int(outcome) for outcome in outcomes], dtype=torch.int64)

    def forward(self, features: Pooled) -> Float[Tensor, "cases members classes"]:
        """Logits."""
        outputs: Tensor = self.layer(features.values)
        return outputs.transpose(0, 1)

    def loss(
        self, outputs: Float[Tensor, "cases members classes"], targets: Int64[Tensor, " cases"]
    ) -> Float[Tensor, ""]:
        """Mean loss, weighted by class."""
        members = outputs.shape[1]
        if self.reweighted:
            of_true = outputs.log_softmax(dim=2).gather(2, targets[:, None, None].expand(-1, members, 1)).squeeze(2)
            return (self.of_class(of_true) * self.weight[targets][:, None]).mean()
        return torch.nn.functional.cross_entropy(outputs.flatten(0, 1), targets.repeat_interleave(members))

    @property
    def decoding(self) -> MeanProbabilities:
        """What `decode` does, without the head."""
        return MeanProbabilities()

    def decode(self, outputs: NDArray[np.float32]) -> list[tuple[float, ...]]:
        """Mean probabilities over members."""
        return self.decoding(outputs)
