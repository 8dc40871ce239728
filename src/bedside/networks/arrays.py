"""What stands in front of an ONNX graph: predictors to its inputs, in NumPy, so that it serves without torch."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from numpy.typing import NDArray

from bedside.types import Json

X_contra = TypeVar("X_contra", contravariant=True)


@runtime_checkable
class Arrays(Protocol[X_contra]):
    """A preparation that was fitted on development; its class has a `from_state` that is the inverse of `state`."""

    @property
    def blank(self) -> Mapping[str, NDArray[Any]]:
        """Two cases without content, as `arrays` would give them: names, types and shapes of a graph's inputs."""
        ...

    def arrays(self, predictors: Sequence[X_contra]) -> Mapping[str, NDArray[Any]]:
        """Cases as arrays by name, cases first and in order; the same alone as in company."""
        ...

    def state(self) -> Json:
        """Everything `arrays` needs."""
        ...
