"""Whether DICOM outlines and their image share a frame of reference: positions in two frames cannot be compared."""

from pathlib import Path

from bedside.errors import FileProblem
from bedside.modalities.imaging.dicom import Dataset, opened, told
from bedside.modalities.imaging.kind import kind_of
from bedside.modalities.imaging.series import series_files


def refuse_other_frame(outlines: Dataset, path: Path, image: Path) -> None:
    """Raise FileProblem where both files name their frame of reference and name different ones.

    Args:
        outlines: Header of a segmentation or structure set; call with what `opened` gave.
        path: Its file, for the message.
        image: The file, or the folder of slices, that was outlined.
    """
    first = series_files(image)[0] if image.is_dir() else image
    if kind_of(first) != "DICOM":
        return
    with told(first):
        own = str(opened(first, pixels=False).get("FrameOfReferenceUID") or "")
    with told(path):
        named = _named(outlines)
    if own and named and own not in named:
        msg = (
            f"{path} and {image} name different frames of reference, so that their positions cannot be compared; give "
            "the series that was outlined, or outlines that were registered to this one"
        )
        raise FileProblem(msg)


def _named(outlines: Dataset) -> set[str]:
    """The frames of reference that a segmentation, or the structures of a set, name; empty where none does."""
    found = {
        str(item.get("ReferencedFrameOfReferenceUID") or "") for item in outlines.get("StructureSetROISequence") or ()
    }
    return (found | {str(outlines.get("FrameOfReferenceUID") or "")}) - {""}
