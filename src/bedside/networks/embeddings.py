"""Numbers and categories as vectors that a network learns from easily."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from jaxtyping import Float, Int64
from torch import Tensor, cat, float32, nn, tensor, where, zeros_like

from bedside.types import Floats


class PiecewiseLinear(nn.Module):
    """A number as how far it has passed through each of its bins: 1 … 1, a share, 0 … 0.

    Gorishniy, Rubachev and Babenko, On embeddings for numerical features, NeurIPS 2022. Thresholds that matter
    clinically need not be found by the layers behind. Beyond the outer edges the encoding stays as it is there.
    """

    low: Tensor
    slope: Tensor

    def __init__(self, edges: Floats) -> None:
        """Make it from bin edges, shape (columns, bins + 1), ascending; an empty bin has equal edges."""
        super().__init__()
        low, width = edges[:, :-1], np.diff(edges, axis=1)
        slope = np.divide(1.0, width, out=np.zeros_like(width), where=width > 0)
        self.register_buffer("low", tensor(low, dtype=float32))
        self.register_buffer("slope", tensor(slope, dtype=float32))

    @property
    def width(self) -> int:
        """Features of all columns together."""
        return self.low.numel()

    def forward(
        self, numbers: Float[Tensor, "cases columns"], missing: Float[Tensor, "cases columns"]
    ) -> Float[Tensor, "cases encoded"]:
        """Encoded numbers, all zero where missing (1 in `missing`)."""
        passed = ((numbers.unsqueeze(-1) - self.low) * self.slope).clamp(0.0, 1.0)
        return where(missing.unsqueeze(-1) > 0, zeros_like(passed), passed).flatten(1)


class Categories(nn.Module):
    """Category codes as learned vectors, wider for more categories; code 0 (missing or unknown) has its own."""

    def __init__(self, cardinalities: Sequence[int], widest: int) -> None:
        super().__init__()
        self.tables = nn.ModuleList([nn.Embedding(count, min(widest, count)) for count in cardinalities])
        for table in self.tables:
            nn.init.normal_(cast("nn.Embedding", table).weight, std=0.5)

    @property
    def width(self) -> int:
        """Features of all columns together."""
        return sum(cast("nn.Embedding", table).embedding_dim for table in self.tables)

    def forward(self, codes: Int64[Tensor, "cases columns"]) -> Float[Tensor, "cases width"]:
        """The vectors side by side."""
        return cat([table(codes[:, place]) for place, table in enumerate(self.tables)], dim=1)


def quantile_edges(known: Sequence[Floats], bins: int) -> Floats:
    """Bin edges at quantiles of what is known of each column, shape (columns, bins + 1).

    Columns with few distinct values get fewer bins; the rest are empty.
    """
    edges = np.zeros((len(known), bins + 1))
    for place, values in enumerate(known):
        if len(values):
            distinct = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
            edges[place] = np.pad(distinct, (0, bins + 1 - len(distinct)), mode="edge")
    return edges
