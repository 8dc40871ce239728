"""Bounds on an outcome of which not all is known of every case: what stands in the place of prediction sets."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from bedside.types import Floats, Weights

Y = TypeVar("Y")
P = TypeVar("P")
Y_contra = TypeVar("Y_contra", contravariant=True)
P_contra = TypeVar("P_contra", contravariant=True)


class Bounding(Protocol[Y_contra, P_contra]):
    """How a kind of outcome bounds what will be, and judges its bounds on outcomes that are partly known."""

    @property
    def what(self) -> str:
        """What is bounded, and in which unit ("time to death, months")."""
        ...

    @property
    def method(self) -> str:
        """How bounds are calibrated, in a few words."""
        ...

    def promise(self, level: float) -> str:
        """What is promised, as a sentence for the methods section."""
        ...

    def bounds(
        self, outcomes: Sequence[Y_contra], predictions: Sequence[P_contra], /, *, level: float
    ) -> Callable[[Sequence[P_contra]], Floats]:
        """Calibrate on cases that the learner was not fitted on, one a patient.

        Returns:
            From predictions to one bound a case, shape (n,).

        Raises:
            StatisticsError: Too little is known of these cases.
        """
        ...

    def held(self, outcomes: Sequence[Y_contra], bounds: Floats, /) -> Callable[[Weights], Floats]:
        """Share of judged cases that keep to their bounds (n,).

        Returns:
            From weights (b, n) to (b,), NaN where too little is known.
        """
        ...


@runtime_checkable
class Bounded(Protocol):
    """A target whose outcomes are bounded in a way of their own, because not all is known of every case."""

    @property
    def bounding(self) -> "Bounding[Any, Any]":
        """That way."""
        ...
