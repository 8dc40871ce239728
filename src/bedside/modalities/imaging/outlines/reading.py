"""Any file of outlines as a label map: which reader it takes is told by its content, not by its name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bedside.errors import FileProblem
from bedside.modalities.imaging.file import ImageFile, short_name
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.kind import kind_of
from bedside.modalities.imaging.outlines.drawn import read_drawn
from bedside.modalities.imaging.outlines.frame import refuse_other_frame
from bedside.modalities.imaging.outlines.grid import TOLERANCE, onto
from bedside.modalities.imaging.outlines.label_map import LabelMap


@dataclass(frozen=True, eq=False)
class LabelMapFile:
    """Outlines in a file, read anew at every call; the arguments are those of `read_label_map`.

    Attributes:
        path: Where the file lies. It may name a patient: errors show it on the terminal.
        image: What was outlined; None leaves the grid unchecked.
        names: What the numbers stand for, or which structures of the file are wanted.
        nearest: Whether labels may be taken from the nearest pixel of another grid.
        first_wins: Whether the lower number wins where structures of a DICOM file overlap.
    """

    path: Path
    image: Readable | None = None
    names: Mapping[int, str] | None = None
    nearest: bool = False
    first_wins: bool = False

    def read(self) -> LabelMap:
        """The decoded outlines; raises FileProblem when the file cannot be used."""
        return read_label_map(self.path, self.image, names=self.names, nearest=self.nearest, first_wins=self.first_wins)

    def __repr__(self) -> str:
        return f"LabelMapFile({short_name(self.path)})"


def read_label_map(
    path: Path,
    image: Readable | None = None,
    *,
    names: Mapping[int, str] | None = None,
    tolerance: float = TOLERANCE,
    nearest: bool = False,
    first_wins: bool = False,
) -> LabelMap:
    """Read a PNG, TIFF, GIF, BMP, NIfTI, DICOM-SEG or RTSTRUCT file as a label map.

    Args:
        path: The file.
        image: What was outlined: the map is then on its grid. DICOM outlines cannot be read without it.
        names: Of numbers what they stand for; of DICOM the structures that are wanted, by name, and their numbers.
        tolerance: How far the grids may lie apart, in pixels of the image.
        nearest: As in `grid.onto`; not for DICOM, whose outlines belong to one series.
        first_wins: Of DICOM, the lower number wins where structures overlap; otherwise overlaps are refused.

    Raises:
        FileProblem: The file is missing, damaged or no label map, or does not fit the image.
    """
    kind = kind_of(path) if path.is_file() else None
    if kind == "DICOM":
        return _of_dicom(path, image, names, tolerance, first_wins=first_wins)
    found = _of_nifti(path, names) if kind == "NIfTI" else read_drawn(path, names=names)
    if image is None:
        return found
    try:
        return onto(found, image.read(), tolerance=tolerance, nearest=nearest)
    except FileProblem as error:
        msg = f"{path}: {error}" + (f" (image: {image.path})" if isinstance(image, ImageFile) else "")
        raise FileProblem(msg) from error


def structure_names(path: Path) -> tuple[str, ...]:
    """The names that a DICOM segmentation or structure set gives its structures, for a person to choose from.

    Without blanks around them, which some writers add up to an even length, and as they are compared when read.

    Raises:
        FileProblem: It is damaged, or no such file.
    """
    from bedside.modalities.imaging.dicom import opened, told  # noqa: PLC0415 - only the reader that is needed
    from bedside.modalities.imaging.outlines.segmentation import segments  # noqa: PLC0415
    from bedside.modalities.imaging.outlines.structure_set import regions  # noqa: PLC0415

    with told(path):
        dataset = opened(path, pixels=False)
        if "SegmentSequence" in dataset:
            there = segments(dataset)
        else:
            there = regions(dataset) if "StructureSetROISequence" in dataset else {}
        return tuple(name for one in there.values() if (name := one.strip()))


def _of_nifti(path: Path, names: Mapping[int, str] | None) -> LabelMap:
    from bedside.modalities.imaging.nifti import read_nifti  # noqa: PLC0415
    from bedside.modalities.imaging.outlines.values import labelled  # noqa: PLC0415

    volume = read_nifti(path)
    if volume.channels != 1:
        msg = f"{path} holds colours, which name no structures; save one whole number a voxel"
        raise FileProblem(msg)
    return labelled(volume.pixels[0], volume.geometry, names, str(path), drawn=False)


def _of_dicom(
    path: Path, image: Readable | None, names: Mapping[int, str] | None, tolerance: float, *, first_wins: bool
) -> LabelMap:
    from bedside.modalities.imaging.dicom import opened, told  # noqa: PLC0415
    from bedside.modalities.imaging.outlines.segmentation import read_segmentation  # noqa: PLC0415
    from bedside.modalities.imaging.outlines.structure_set import read_structure_set  # noqa: PLC0415

    with told(path):
        dataset = opened(path, pixels=False)
        modality = str(dataset.get("Modality", "")) or "unknown"
    readers = {"SEG": read_segmentation, "RTSTRUCT": read_structure_set}
    if modality not in readers:
        msg = f"{path} holds no outlines (modality {modality}); SEG and RTSTRUCT are allowed"
        raise FileProblem(msg)
    if image is None:
        msg = f"{path} lies on the grid of an image, and none was given; give the image or series that was outlined"
        raise FileProblem(msg)
    if isinstance(image, ImageFile):
        refuse_other_frame(dataset, path, image.path)
    return readers[modality](path, image.read(), names=names, tolerance=tolerance, first_wins=first_wins)
