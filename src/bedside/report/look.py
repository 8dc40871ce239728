"""How learners are told apart in every figure: by colour, by dash and by marker, never by colour alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bedside.evidence.schema import Learner

COLOURS = 8
"""How many colours the style sheet defines; further learners reuse them with another dash and marker."""

DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 2 1 2 1 2", "12 4", "1 2", "6 2 2 2 2 2")
MARKERS = (
    "M-4.5 0A4.5 4.5 0 1 0 4.5 0A4.5 4.5 0 1 0 -4.5 0Z",  # disc
    "M-4 -4H4V4H-4Z",  # square
    "M0 -5L5 3.7H-5Z",  # triangle
    "M0 -5.4L5.4 0L0 5.4L-5.4 0Z",  # diamond
    "M0 5L5 -3.7H-5Z",  # triangle, pointing down
    "M-1.7 -5H1.7V-1.7H5V1.7H1.7V5H-1.7V1.7H-5V-1.7H-1.7Z",  # cross
    "M0 -5.2L4.9 -1.6L3 4.2H-3L-4.9 -1.6Z",  # pentagon
    "M-5 0L-2.5 -4.4H2.5L5 0L2.5 4.4H-2.5Z",  # hexagon
)


@dataclass(frozen=True, slots=True)
class Look:
    """Colour class, dash pattern and marker outline of one learner."""

    number: int

    @property
    def colour(self) -> str:
        """The CSS class that sets `color`."""
        return f"l{self.number % COLOURS}"

    @property
    def dash(self) -> str:
        """A `stroke-dasharray`; empty for a solid line."""
        return DASHES[self.number % len(DASHES)]

    @property
    def marker(self) -> str:
        """Path data of the marker, centred on the origin."""
        return MARKERS[(self.number + self.number // COLOURS) % len(MARKERS)]


NEUTRAL = Look(0)


def looks(learners: Sequence[Learner]) -> dict[str, Look]:
    """A look for each learner by name; the model comes first, so it always has the first one."""
    ordered = sorted(learners, key=lambda learner: learner.role != "model")
    return {learner.name: Look(number) for number, learner in enumerate(ordered)}


def anchor(text: str) -> str:
    """Text as a fragment identifier: letters, digits and hyphens only."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "x"
