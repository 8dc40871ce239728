"""What is drawn in each image of a listing, before it is known whether a study can be made of it."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bedside.own_data.images.listing import Listing


@dataclass(frozen=True, eq=False)
class Drawings:
    """Outcomes that lie in images, one a row of a listing.

    Attributes:
        names: Of structures or kinds, in the order of the endpoint.
        numbers: What each is called in the masks; counted from 1 for boxes.
        outcomes: In the endpoint's own type; None where nothing was drawn.
        there: Places of the names that occur in a row.
        digests: Of what a row shows, hexadecimal; "" where nothing was drawn.
        reasons: Why a row has no outcome; "" where it has one.
        notes: What a person should know.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    outcomes: tuple[object | None, ...]
    there: tuple[frozenset[int], ...]
    digests: tuple[str, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of all that is drawn, in the order of the rows."""
        total = hashlib.sha256()
        for digest, reason in zip(self.digests, self.reasons, strict=True):
            total.update(f"{digest} {reason}\n".encode())
        return total.hexdigest()


@dataclass(frozen=True, eq=False)
class Drawn:
    """Images and what is drawn in them."""

    listing: Listing
    drawings: Drawings


def digest_of(parts: Iterable[bytes]) -> str:
    """Hexadecimal, of some bytes in a row."""
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
        total.update(b"\0")
    return total.hexdigest()


def counted(there: Sequence[frozenset[int]], place: int) -> int:
    """Rows in which a name occurs."""
    return sum(place in one for one in there)
