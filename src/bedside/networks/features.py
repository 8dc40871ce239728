"""What an encoder gives a head: typed, so that the wrong pair does not meet."""

from typing import NamedTuple, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class Pooled(Protocol):
    """Features that hold one vector a case, whatever else they hold: what a head of one answer a case needs."""

    @property
    def values(self) -> Float[Tensor, "members cases width"]:
        """One vector a case and member."""
        ...


class Vector(NamedTuple):
    """One vector a case, seen by several members that share a pass; an ordinary encoder has one member.

    Attributes:
        values: Shape (members, cases, width).
    """

    values: Float[Tensor, "members cases width"]


class Pyramid(NamedTuple):
    """Maps of an image or volume from fine to coarse, and their summary.

    Attributes:
        values: The summary, shape (members, cases, width).
        maps: Each of shape (cases, channels, *spatial), the finest first.
    """

    values: Float[Tensor, "members cases width"]
    maps: tuple[Float[Tensor, "cases channels *spatial"], ...]
