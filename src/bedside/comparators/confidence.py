"""How sure an outline that is drawn by a rule may be, pixel by pixel, told from development."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np

from bedside.endpoints.mask.mask import Mask
from bedside.endpoints.mask.segmentation import WHOLE, Segmentation
from bedside.types import Booleans, Json

_JUST_MORE = 128 / WHOLE
"""The least that still reads as inside: the rule's own outline stays as it was drawn."""

_JUST_LESS = 127 / WHOLE


@dataclass(frozen=True)
class Confidence:
    """Probabilities of the structure inside and outside of what a rule outlines.

    Attributes:
        inside: Share of outlined pixels that are the structure in development, more than a half.
        outside: Share of the others, less than a half.
    """

    inside: float
    outside: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[Booleans, Mask]]) -> "Confidence":
        """Count outlines against development masks, where these are judged; one case more of each is added.

        Args:
            pairs: What the rule outlines, shape (*size), and the mask.
        """
        right = said = missed = rest = 0
        for outline, mask in pairs:
            drawn = mask.labels > 0
            counted = np.ones_like(drawn) if mask.judged is None else mask.judged
            said += int((outline & counted).sum())
            right += int((outline & drawn & counted).sum())
            rest += int((~outline & counted).sum())
            missed += int((~outline & drawn & counted).sum())
        inside, outside = (right + 1) / (said + 2), (missed + 1) / (rest + 2)
        return cls(max(inside, _JUST_MORE), min(outside, _JUST_LESS))

    def segmentation(self, outline: Booleans) -> Segmentation:
        """The outline as probabilities, on its own grid."""
        sure, not_so = (np.uint8(round(chance * WHOLE)) for chance in (self.inside, self.outside))
        return Segmentation(np.where(outline, sure, not_so).astype(np.uint8)[None])

    def state(self) -> dict[str, Json]:
        """As JSON."""
        return {"inside": self.inside, "outside": self.outside}

    @classmethod
    def from_state(cls, state: Json) -> "Confidence":
        """The inverse of `state`."""
        given = cast("dict[str, float]", state)
        return cls(float(given["inside"]), float(given["outside"]))


def dice(outline: Booleans, mask: Mask) -> float:
    """Dice of an outline where the mask is judged; 1 where neither holds a pixel.

    Args:
        outline: Shape (*size).
        mask: Of one structure.
    """
    drawn, said = mask.labels > 0, outline
    if mask.judged is not None:
        drawn, said = drawn & mask.judged, said & mask.judged
    total = int(drawn.sum()) + int(said.sum())
    return 2.0 * int((drawn & said).sum()) / total if total else 1.0
