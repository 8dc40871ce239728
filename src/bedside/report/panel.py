"""The plotting area of a figure, and how data map onto it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bedside.report.scale import Scale


@dataclass(frozen=True, slots=True)
class Panel:
    """The plotting area in user units, and how data map onto it."""

    left: float
    top: float
    width: float
    height: float
    x: Scale
    y: Scale
    sideways: bool = False

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Data to user units; categories run downwards when sideways."""
        if self.sideways:
            return self.left + self.y.place(y) * self.width, self.top + self.x.place(x) * self.height
        return self.left + self.x.place(x) * self.width, self.top + (1 - self.y.place(y)) * self.height

    def path(self, xs: Sequence[float], ys: Sequence[float], *, step: bool = False, backwards: bool = False) -> str:
        """A polyline through the points, or a staircase that rises at each new x; drawn from its end if `backwards`."""
        corners: list[tuple[float, float]] = []
        for x, y in zip(xs, ys, strict=False):
            here = self.point(x, y)
            if step and corners:
                corners.append((here[0], corners[-1][1]))
            corners.append(here)
        words = [f"{a:.1f} {b:.1f}" for a, b in (reversed(corners) if backwards else corners)]
        kept = words[:1] + [word for previous, word in pairwise(words) if word != previous]
        return "M" + "L".join(kept) if kept else ""
