"""What an encoder gives a head: typed, so that the wrong pair does not meet."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Vector(NamedTuple):
    """One vector a case, seen by several members that share a pass; an ordinary encoder has one member.

    Attributes:
        values: Shape (members, cases, width).
    """

    values: Float[Tensor, "members cases width"]
