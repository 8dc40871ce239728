"""An image that stays in its file until it is needed."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.reading import read_image

_KEY = secrets.token_bytes(32)
"""Of this process alone; see `short_name`."""


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
    """Twelve hexadecimal digits that stand for a path, the same for as long as the process lives.

    A plain hash of a path that names a patient can be found by hashing names. This one is keyed by chance, and the key
    is never written: it tells files of one log apart and nothing else. What is stored with a run must repeat byte for
    byte and goes by the content of an image (`bedside.modalities.imaging.look.digest_of`) or by its row, never by this.

    Example:
        >>> short_name(Path("scans/one.dcm")) == short_name(Path("scans/two.dcm"))
        False
    """
    return hashlib.blake2b(path.as_posix().encode(), digest_size=6, key=_KEY).hexdigest()
