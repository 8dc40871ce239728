"""What every head is: features to raw outputs, a loss, and the way to predictions."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from bedside.types import Floats

F_contra = TypeVar("F_contra", contravariant=True)
Y_contra = TypeVar("Y_contra", contravariant=True)
P_co = TypeVar("P_co", covariant=True)


class Head(nn.Module, ABC, Generic[F_contra, Y_contra, P_co]):
    """A module from features to raw outputs; it knows the kind of outcome and nothing of the modality.

    Raw outputs have the cases first, so that those of several batches can be joined.

    Attributes:
        reweighted: Whether its loss moves probabilities away from the prevalence, so that they must be recalibrated
            with an intercept.
    """

    reweighted: bool = False

    @abstractmethod
    def adapt(self, outcomes: Sequence[Y_contra]) -> None:
        """Start from what development outcomes say by themselves: prevalence, mean and spread.

        Raises:
            ModelError: Nothing can be learned from these outcomes.
        """

    @abstractmethod
    def targets(self, outcomes: Sequence[Y_contra]) -> Tensor:
        """Outcomes as the loss needs them, cases first."""

    @abstractmethod
    def forward(self, features: F_contra) -> Float[Tensor, "cases ..."]:
        """Raw outputs."""

    @abstractmethod
    def loss(self, outputs: Float[Tensor, "cases ..."], targets: Tensor) -> Float[Tensor, ""]:
        """Mean loss of the cases; of several members, the mean of their own losses."""

    def scores(self, outputs: Float[Tensor, "cases members ..."]) -> Float[Tensor, "cases members scores"]:
        """Raw outputs as one score a class, or one in all, higher for more: what is explained of a prediction."""
        return outputs

    @abstractmethod
    def decode(self, outputs: NDArray[np.float32]) -> list[P_co]:
        """Raw outputs to predictions, members pooled; in NumPy, so that it serves without torch."""


class WeighingHead(Head[F_contra, Y_contra, P_co]):
    """A head that can let a case count for as many as its weight says."""

    @abstractmethod
    def adapt(self, outcomes: Sequence[Y_contra], weights: "Floats | None" = None) -> None:
        """As `Head.adapt`; weights of shape (n,), None where each case stands for itself."""

    @abstractmethod
    def loss(
        self, outputs: Float[Tensor, "cases ..."], targets: Tensor, weights: "Tensor | None" = None
    ) -> Float[Tensor, ""]:
        """As `Head.loss`, each case's loss times its weight; weights have a mean of 1 over all development cases."""


class Concluding(Head[F_contra, Y_contra, P_co]):
    """A head whose weights say who is at more risk than whom, and whose predictions need a baseline besides.

    The baseline is learned from the raw outputs of all development cases whenever weights are about to be judged, and
    kept with them as buffers: the weights that are kept predict with their own.
    """

    @abstractmethod
    def conclude(self, outputs: NDArray[np.float32], outcomes: Sequence[Y_contra]) -> None:
        """Learn what predictions need besides the weights.

        Args:
            outputs: Raw outputs of all development cases, as they are without augmentation, finite; cases first.
            outcomes: Theirs, in the same order.
        """
