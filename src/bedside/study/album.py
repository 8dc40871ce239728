"""The pictures of a run while they are made: their files, and the row of the evidence that names each."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from bedside.evidence.pictures import FOLDER, Picture


@dataclass(frozen=True, eq=False)
class Album:
    """Files by path below the run's folder."""

    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, row: Picture, name: str, png: bytes, alt: str) -> Picture:
        """Keep a PNG under a name; the row that names it."""
        path = f"{FOLDER}/{name}.png"
        self.files[path] = png
        width, height = struct.unpack(">II", png[16:24])
        return row.model_copy(update={"path": path, "alt": alt, "width": width, "height": height})


@dataclass(frozen=True)
class Drawn:
    """Rows of the evidence, and sha256 of the files they name by path below the run's folder."""

    rows: tuple[Picture, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
