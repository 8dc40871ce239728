"""What stands behind an ONNX graph: raw outputs to predictions, in NumPy, so that it serves without torch."""

from typing import Any, Protocol, TypeVar, runtime_checkable

from numpy.typing import NDArray

from bedside.types import Json

P = TypeVar("P")


@runtime_checkable
class Decoding(Protocol[P]):
    """A map from raw outputs to predictions; its class has a `from_state(endpoint, state)`, the inverse of `state`."""

    def __call__(self, outputs: NDArray[Any], /) -> list[P]:
        """Raw outputs, cases first, to one prediction a case."""
        ...

    def state(self) -> Json:
        """Everything it needs besides the endpoint."""
        ...


@runtime_checkable
class Decoded(Protocol):
    """A head whose decoding can be told apart from it."""

    @property
    def decoding(self) -> Decoding[Any]:
        """As its weights are now."""
        ...
