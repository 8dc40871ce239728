"""Tidying one structure's outline: its small or separate parts left out, its holes filled."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from bedside.endpoints.mask.lesion import parts
from bedside.endpoints.mask.mask import Pixels
from bedside.endpoints.mask.segmentation import WHOLE
from bedside.endpoints.mask.surface import bounds
from bedside.errors import ModelError
from bedside.types import Booleans, Integers, Json

_JUST_MORE = WHOLE // 2 + 1
"""Share of a filled hole's pixels: more than a half, by no evidence but their surroundings."""


@dataclass(frozen=True)
class CleanUp:
    """What is done to the outline of one structure; parts are connected pixels, be it by a corner.

    Attributes:
        largest: Whether only the largest part stays; of equals the first.
        at_least: Pixels that a part must have to stay; 0 or 1 keeps all.
        fill: Whether background that a structure encloses becomes part of it (beyond the edges of the image there is
            no enclosing; in volumes a hole is closed on all sides).
    """

    largest: bool = False
    at_least: int = 0
    fill: bool = False

    @property
    def words(self) -> str:
        """What is done; "nothing" where nothing is."""
        done = []
        if self.largest:
            done.append("the largest part is kept")
        if self.at_least > 1:
            done.append(f"parts below {self.at_least} pixels are left out")
        if self.fill:
            done.append("holes are filled")
        return ", ".join(done) or "nothing"

    def kept(self, said: Booleans, numbered: tuple[Integers, int] | None = None) -> Booleans:
        """The pixels that stay, shape (*size).

        Args:
            said: Where the structure is predicted.
            numbered: Its connected parts (`lesion.parts`), where they are known already.
        """
        if not self.largest and self.at_least <= 1:
            return said
        numbers, count = numbered or parts(said)
        sizes = np.bincount(numbers.ravel(), minlength=count + 1)
        sizes[0] = 0
        stays = sizes >= max(self.at_least, 1)
        if self.largest and count:
            stays &= np.arange(count + 1) == sizes.argmax()
        found: Booleans = stays[numbers]
        return found

    def filled(self, said: Booleans, free: Booleans) -> Booleans:
        """Holes to be filled: free pixels that are enclosed, shape (*size)."""
        holes = np.zeros_like(said)
        if self.fill and said.any():
            box = bounds(said)
            holes[box] = ndimage.binary_fill_holes(said[box]) & ~said[box] & free[box]
        return holes

    def apply(self, shares: Pixels, labels: Pixels, place: int) -> None:
        """Write the change into shares, so that their labels change by it.

        Removed pixels have a share of 0, which is given to the background: no other structure gains them.

        Args:
            shares: Of all structures, shape (structures, *size); changed.
            labels: Their labels.
            place: Of the structure.
        """
        said = labels == place + 1
        kept = self.kept(said)
        shares[place][said & ~kept] = 0
        holes = self.filled(kept, labels == 0)
        shares[:, holes] = 0
        shares[place][holes] = _JUST_MORE

    def state(self) -> dict[str, Json]:
        """As JSON."""
        return {"largest": self.largest, "at_least": self.at_least, "fill": self.fill}

    @classmethod
    def restore(cls, state: Json) -> "CleanUp":
        """The inverse of `state`; raises ModelError for anything else."""
        match state:
            case {"largest": bool(largest), "at_least": int(at_least), "fill": bool(fill)}:
                return cls(largest, at_least, fill)
        msg = f"{_kind(state)} is no clean-up of an outline; the model was saved by another version: fit it anew"
        raise ModelError(msg)


def _kind(state: Json) -> str:
    return f"an object of {sorted(state)}" if isinstance(state, Mapping) else f"a {type(state).__name__}"
