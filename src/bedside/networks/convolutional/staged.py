"""A network of stages, the output of each a map."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from bedside.networks.features import Pyramid


class Staged(nn.Module):
    """Stages one behind the other; the summary is the mean of the last map over all positions.

    Every map lies on the way to the summary, so that explanations can ask for its gradient.

    Attributes:
        width: Features of the summary.
    """

    def __init__(self, stages: Sequence[nn.Module], width: int, summary: nn.Module | None = None) -> None:
        """Make it.

        Args:
            stages: Images to the finest map, that to the next, and so on; none writes into what it is given.
            width: Features of the summary.
            summary: What is done with the means of the last map; nothing when None.
        """
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.summary = summary if summary is not None else nn.Identity()
        self.width = width

    def forward(self, images: Float[Tensor, "cases channels *size"]) -> Pyramid:
        """Maps from fine to coarse and their summary, one member."""
        maps: list[Tensor] = []
        for stage in self.stages:
            maps.append(stage(maps[-1] if maps else images))
        summary: Tensor = self.summary(maps[-1].flatten(2).mean(-1))
        return Pyramid(summary.unsqueeze(0), tuple(maps))
