"""A published table: bands of a measurement and the points of each."""

import math
from dataclasses import dataclass

from bedside.errors import StudyError


@dataclass(frozen=True)
class Bands:
    """Points by bands, as printed in a chart.

    A value is first rounded to the steps in which the chart is written, halves upwards, so that none falls between two
    bands (a temperature of 38.04 is 38.0 in a chart).

    Attributes:
        highest: The highest value of every band but the last, ascending.
        points: Of every band, one more than `highest`.
        step: In which the chart is written.
    """

    highest: tuple[float, ...]
    points: tuple[int, ...]
    step: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a table that is none.

        Raises:
            StudyError: Bands do not ascend, or points do not fit them.
        """
        ascending = all(low < high for low, high in zip(self.highest, self.highest[1:], strict=False))
        if not ascending or len(self.points) != len(self.highest) + 1:
            msg = (
                f"a table of points has bands up to {list(self.highest)} and the points {list(self.points)}; bands "
                "ascend, and there is one number of points more than there are ends of bands"
            )
            raise StudyError(msg)

    def __call__(self, value: "float | None") -> int:
        """Points of a value; 0 where it is not known, as in a chart."""
        if value is None or math.isnan(value):
            return 0
        # In whole steps: 38.1 is not 38.1 exactly, and 381 is.
        written = math.floor(value / self.step + 0.5 + 1e-9)
        for end, points in zip(self.highest, self.points, strict=False):
            if written <= round(end / self.step):
                return points
        return self.points[-1]
