"""Learning from two views of one case without its outcome: variance, invariance and covariance (VICReg).

Bardes, Ponce and LeCun, VICReg: variance-invariance-covariance regularization for self-supervised learning, ICLR 2022.
It needs neither pairs of unlike cases nor a second network, and so works with small batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from bedside.errors import ModelError, StudyError
from bedside.networks.collapse import NARROW, spread
from bedside.networks.features import Pooled
from bedside.networks.head import Head
from bedside.training.feed import Augment
from bedside.training.pool import joined
from bedside.types import Json

B = TypeVar("B")

FLAT = 0.1
"""Mean standard deviation of the embedding below which the features have collapsed."""

_EPSILON = 1e-4


@dataclass(frozen=True)
class VICReg:
    """The method as data.

    Attributes:
        invariance: Weight of the distance between two views of a case.
        variance: Weight of what each embedded feature's standard deviation lacks to 1.
        covariance: Weight of what the features tell of one another.
        dimensions: Of the embedding, which is thrown away afterwards.
    """

    invariance: float = 25.0
    variance: float = 25.0
    covariance: float = 1.0
    dimensions: int = 256

    def __post_init__(self) -> None:
        if min(self.invariance, self.variance, self.covariance) < 0 or self.dimensions < 2:
            msg = f"VICReg was declared as {self}; weights are 0 or more and dimensions 2 or more"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"VICReg (Bardes et al., 2022; weights {self.invariance:g}, {self.variance:g} and {self.covariance:g}, "
            f"{self.dimensions} dimensions) on two views of each"
        )

    def admit(self, views: object) -> None:
        """Any views; raises StudyError where there are none."""
        if views is None:
            msg = (
                "VICReg learns what two views of a case share, and none were declared; declare an augmentation as views"
            )
            raise StudyError(msg)

    def task(self, prepared: object, views: Any) -> "Twice":  # noqa: ANN401 - admitted before
        """Two views."""
        del prepared
        return Twice(views)

    def head(self, encoder: Any, cases: object, task: object) -> "Expander":  # noqa: ANN401 - what Pretext gives
        """A new expander."""
        del cases, task
        return Expander(self, encoder.width)

    def verdict(self, head: Any, features: Sequence[Pooled], *, before: float, after: float) -> Mapping[str, Json]:  # noqa: ANN401
        """How far embedded cases and their features spread.

        Raises:
            ModelError: They collapsed.
        """
        del before, after
        # With the statistics of these cases, as a short training leaves the running ones behind.
        head.train()
        with torch.no_grad():
            embedded = float(torch.cat([head(found).float() for found in features]).std(0).mean())
        apart = spread(torch.cat([found.values.mean(0).float() for found in features]))
        if embedded < FLAT or apart < NARROW:
            msg = (
                "learning without outcomes collapsed: embedded features have a mean standard deviation of "
                f"{embedded:.3f} (at least {FLAT} is needed) and features spread by {apart:.4f} of their size (at "
                f"least {NARROW}); give the variance a larger weight, lower the learning rate, or look for cases that "
                "are all alike"
            )
            raise ModelError(msg)
        return {"start_embedding_deviation": round(embedded, 6), "start_feature_spread": round(apart, 6)}


class Expander(Head[Pooled, Any, Any]):
    """Embeds features for the loss; the batch holds one view of every case and then the other, in the same order."""

    def __init__(self, method: VICReg, width: int) -> None:
        super().__init__()
        self.method = method
        wide = method.dimensions
        self.layers = nn.Sequential(
            nn.Linear(width, wide, bias=False),
            nn.BatchNorm1d(wide),
            nn.ReLU(),
            nn.Linear(wide, wide, bias=False),
            nn.BatchNorm1d(wide),
            nn.ReLU(),
            nn.Linear(wide, wide, bias=False),
        )

    def adapt(self, outcomes: Sequence[Any]) -> None:
        """Outcomes are not looked at."""

    def targets(self, outcomes: Sequence[Any]) -> Tensor:
        """As many zeros as there are cases."""
        return torch.zeros(len(outcomes))

    def forward(self, features: Pooled) -> Float[Tensor, "cases dimensions"]:
        """Embedded cases; of several members, their mean."""
        embedded: Tensor = self.layers(features.values.mean(0))
        return embedded

    def loss(self, outputs: Float[Tensor, "cases dimensions"], targets: Tensor) -> Float[Tensor, ""]:
        """The three terms, weighted."""
        del targets
        one, other = outputs.chunk(2)
        method = self.method
        apart = (_flat(one) + _flat(other)) / 2
        redundant = _redundancy(one) + _redundancy(other)
        return method.invariance * mse_loss(one, other) + method.variance * apart + method.covariance * redundant

    def decode(self, outputs: NDArray[np.float32]) -> list[Any]:
        """The embedding itself."""
        return list(outputs)


@dataclass(frozen=True)
class Twice:
    """Every case of a batch in two views: first one of each, then another of each."""

    views: Augment[Any]

    @property
    def description(self) -> str:
        """The views."""
        return f"two views: {self.views.description}"

    def __call__(self, batch: B, targets: Tensor) -> tuple[B, Tensor]:
        """A batch of twice as many cases."""
        (one, told), (other, again) = self.views(batch, targets), self.views(batch, targets)
        return joined(one, other), torch.cat([told, again])


def _flat(embedded: Float[Tensor, "cases dimensions"]) -> Float[Tensor, ""]:
    return torch.relu(1 - torch.sqrt(embedded.var(0) + _EPSILON)).mean()


def _redundancy(embedded: Float[Tensor, "cases dimensions"]) -> Float[Tensor, ""]:
    centred = embedded - embedded.mean(0)
    covariance = centred.T @ centred / max(1, len(embedded) - 1)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / embedded.shape[1]
