"""An image that stays in its file until it is needed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.reading import read_image


@dataclass(frozen=True, eq=False)
class ImageFile:
    """One image file, or a folder with the slices of one DICOM series, read anew at every call.

    Attributes:
        path: Where it lies. It may name a patient: errors show it on the terminal; what is logged is `short_name`.
        voi: Of DICOM, the values that a viewer would show instead of the modality's own.
    """

    path: Path
    voi: bool = False

    def read(self) -> Image:
        """The decoded image; raises FileProblem when its file cannot be used."""
        return read_image(self.path, voi=self.voi)

    @property
    def short_name(self) -> str:
        """Twelve hexadecimal digits that stand for the path in a log."""
        return short_name(self.path)

    def __repr__(self) -> str:
        return f"ImageFile({self.short_name})"


def short_name(path: Path) -> str:
    """Twelve hexadecimal digits of a path's SHA-256.

    Example:
        >>> short_name(Path("scans/one.dcm"))
        '295af43beb29'
    """
    return hashlib.sha256(path.as_posix().encode()).hexdigest()[:12]
