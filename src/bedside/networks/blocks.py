"""Layers in which several members share one pass, and the residual block between them."""

from jaxtyping import Float
from torch import Tensor, baddbmm, empty, nn, ones, randn


class MemberScaling(nn.Module):
    """A factor for each member and feature: how members differ that share the layers behind it.

    Gorishniy et al., TabM, ICLR 2025 (the variant with one adapter).
    """

    def __init__(self, members: int, width: int) -> None:
        super().__init__()
        spread = randn(members, 1, width) * 0.5 if members > 1 else 0.0
        self.factor = nn.Parameter(ones(members, 1, width) + spread)

    def forward(self, values: Float[Tensor, "cases width"]) -> Float[Tensor, "members cases width"]:
        """Each member's view of the same cases."""
        return values * self.factor


class MemberLinear(nn.Module):
    """A linear layer of its own for each member, starting at zero: every member begins with the bias alone."""

    def __init__(self, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(empty(members, inputs, outputs).zero_())
        self.bias = nn.Parameter(empty(members, 1, outputs).zero_())

    def forward(self, values: Float[Tensor, "members cases inputs"]) -> Float[Tensor, "members cases outputs"]:
        """Each member's outputs."""
        return baddbmm(self.bias, values, self.weight)


class Residual(nn.Module):
    """A normalised layer beside the identity. Normalised within a case, never across a batch."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(), nn.Dropout(dropout))

    def forward(self, values: Float[Tensor, "*cases width"]) -> Float[Tensor, "*cases width"]:
        """The values and what the layer adds."""
        added: Tensor = self.layers(values)
        return values + added
