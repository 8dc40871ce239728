"""Losses of predicted classes, as functions of the probability given to the true one, and weights of classes.

A loss that is not the plain log loss, or that weighs classes unlike their prevalence, moves probabilities away from
the truth: a head that uses one says so (`Head.reweighted`), and the learner is recalibrated with an intercept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from bedside.errors import StudyError

ClassWeights: TypeAlias = "Literal['balanced'] | tuple[float, ...] | None"
"""How much a case of each class counts: "balanced" makes all classes count alike; None leaves them as they are."""

_LARGEST_POWER = 10.0


@runtime_checkable
class ClassLoss(Protocol):
    """The loss of a case, of the probability that is predicted for its true class."""

    @property
    def description(self) -> str:
        """As in "trained with ..."."""
        ...

    @property
    def proper(self) -> bool:
        """Whether true probabilities minimise it."""
        ...

    def __call__(self, log_probability: Float[Tensor, " *cases"]) -> Float[Tensor, " *cases"]:
        """Losses, from log probabilities of the true class."""
        ...


@dataclass(frozen=True)
class CrossEntropy:
    """Log loss: the negative log probability of the true class."""

    @property
    def description(self) -> str:
        """Its name."""
        return "the log loss"

    @property
    def proper(self) -> bool:
        """True probabilities minimise it."""
        return True

    def __call__(self, log_probability: Float[Tensor, " *cases"]) -> Float[Tensor, " *cases"]:
        """Losses."""
        return -log_probability


@dataclass(frozen=True)
class Focal:
    """Log loss times (1 - probability of the true class) ** power: easy cases count less (Lin et al., ICCV 2017).

    Attributes:
        power: At least 0; 0 is the log loss, 2 the usual choice.
    """

    power: float = 2.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.power <= _LARGEST_POWER:
            msg = f"power of the focal loss is {self.power!r}; give a number from 0 (the log loss) to 10, usually 2"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Its name and power."""
        return f"a focal loss of power {self.power:g} (Lin et al., 2017)"

    @property
    def proper(self) -> bool:
        """Only with power 0: otherwise it is least for probabilities that are too timid."""
        return self.power == 0

    def __call__(self, log_probability: Float[Tensor, " *cases"]) -> Float[Tensor, " *cases"]:
        """Losses."""
        # Away from exact certainty, where the slope of a fractional power has no end.
        missed = -torch.expm1(log_probability.clamp(max=-1e-6))
        return -(missed**self.power) * log_probability


LOG_LOSS = CrossEntropy()


def loss_words(options: Mapping[str, object]) -> str:
    """The options `loss` and `weights` of a head as a sentence for the methods section; "" where neither is given.

    Losses of cases move probabilities, which are then recalibrated; losses of maps (`map_losses.py`) are said as such.
    """
    loss, weights = options.get("loss"), options.get("weights")
    told = [] if loss is None else [f"with {getattr(loss, 'description', loss)}"]
    if weights == "balanced":
        told.append("with classes weighted alike")
    elif weights is not None:
        told.append(f"with classes weighted {weights}")
    if not told:
        return ""
    if weights is None and not isinstance(loss, ClassLoss):
        return f"It was trained {told[0]}."
    return f"It was trained {' and '.join(told)}, then recalibrated to the prevalence of the tuning data."


def class_weights(weights: ClassWeights, counts: "NDArray[Any] | Sequence[int]") -> Float[Tensor, " classes"]:
    """The weight of a case of each class, 1 on average over development.

    Args:
        weights: As declared.
        counts: Development cases of each class, or as many as they stand for; a
            class without any gets the weight 0 when balanced.

    Raises:
        StudyError: There is not one positive weight for each class.
    """
    cases = np.asarray(counts, dtype=np.float64)
    if weights is None:
        return torch.ones(cases.size)
    if weights == "balanced":
        present = cases > 0
        each = np.divide(cases.sum(), cases * present.sum(), out=np.zeros(cases.size), where=present)
        return torch.from_numpy(each).float()
    if len(weights) != cases.size or not all(0 < one < np.inf for one in weights):
        msg = f"class weights are {weights!r}; give 'balanced' or {cases.size} positive numbers, one a class in order"
        raise StudyError(msg)
    declared = np.asarray(weights, dtype=np.float64)
    return torch.from_numpy(declared * cases.sum() / (declared @ cases)).float()
