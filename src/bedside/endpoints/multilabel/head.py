"""The head of a network for several findings that may coexist."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multilabel.decoding import MeanProbabilities
from bedside.endpoints.multilabel.labels import UNREAD, Findings
from bedside.errors import ModelError
from bedside.networks.blocks import MemberLinear
from bedside.networks.features import Pooled
from bedside.networks.head import Head
from bedside.networks.losses import LOG_LOSS, ClassLoss, ClassWeights, class_weights


class MultilabelHead(Head[Pooled, Findings, tuple[float, ...]]):
    """One log-odds a case, member and label; labels that nobody read take no part; members are averaged."""

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
            endpoint: Its labels.
            width: Features a case.
            members: How many members share a pass.
            loss: Of the probability of what is the case, for each label ("Focal(2.0)").
            weights: Of absence and presence of a finding; "balanced" for each label by its own prevalence.
        """
        super().__init__()
        self.labels = tuple(question.name for question in endpoint.target.questions)
        self.of_class, self.weights = loss, weights
        self.reweighted = weights is not None or not loss.proper
        self.register_buffer("weight", torch.ones(2, len(self.labels)), persistent=False)
        self.layer = MemberLinear(members, width, len(self.labels))

    def adapt(self, outcomes: Sequence[Findings]) -> None:
        """Start every member at the prevalences.

        Raises:
            ModelError: A label is on one side only in all cases that were read for it.
        """
        truth = self.targets(outcomes).numpy()
        there, read = (truth == 1.0).sum(axis=0), (truth != UNREAD).sum(axis=0)
        for name, one, of in zip(self.labels, there.tolist(), read.tolist(), strict=True):
            if not 0 < one < of:
                msg = (
                    f"a network for {name!r} cannot be fitted: of {of} development cases that were read for it {one} "
                    "have it; use a larger cohort or fewer folds, or leave the label out"
                )
                raise ModelError(msg)
        for k, (one, of) in enumerate(zip(there.tolist(), read.tolist(), strict=True)):
            self.weight[:, k] = class_weights(self.weights, [of - one, one])
        with torch.no_grad():
            self.layer.bias.copy_(torch.from_numpy(np.log(there / (read - there))))

    def targets(self, outcomes: Sequence[Findings]) -> Float[Tensor, "cases labels"]:
        """1 where a finding is there, 0 where it is not, UNREAD where nobody looked."""
        return torch.tensor([[UNREAD if one is None else float(one) for one in outcome] for outcome in outcomes])

    def forward(self, features: Pooled) -> Float[Tensor, "cases members labels"]:
        """Log-odds."""
        outputs: Tensor = self.layer(features.values)
        return outputs.transpose(0, 1)

    def loss(
        self, outputs: Float[Tensor, "cases members labels"], targets: Float[Tensor, "cases labels"]
    ) -> Float[Tensor, ""]:
        """Mean loss of the labels that were read, weighted by presence; 0 where none was."""
        read = (targets != UNREAD).to(outputs.dtype)
        there = (targets == 1.0).to(outputs.dtype)
        of_true = torch.nn.functional.logsigmoid(outputs * (2.0 * there - 1.0)[:, None])
        weight = torch.where(there > 0, self.weight[1], self.weight[0]) * read
        return (self.of_class(of_true) * weight[:, None]).sum() / (read.sum() * outputs.shape[1]).clamp(min=1.0)

    @property
    def decoding(self) -> MeanProbabilities:
        """What `decode` does, without the head."""
        return MeanProbabilities()

    def decode(self, outputs: NDArray[np.float32]) -> list[tuple[float, ...]]:
        """Mean probabilities over members."""
        return self.decoding(outputs)
