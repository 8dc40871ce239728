"""Any image file as an `Image`: which reader it takes is told by its content, not by its name."""

from pathlib import Path

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.kind import kind_of, why_not


def read_image(path: Path, *, voi: bool = False) -> Image:
    """Read a DICOM, NIfTI, PNG, JPEG, TIFF or BMP file, or a folder that holds the slices of one DICOM series.

    Args:
        path: File or folder.
        voi: Of DICOM, the values that a viewer would show instead of the modality's own.

    Raises:
        FileProblem: It is missing, damaged, encrypted, too large, or no image; the message says what to do.
    """
    if path.is_dir():
        from bedside.modalities.imaging.series import read_series  # noqa: PLC0415 - only the reader that is needed

        return read_series(path, voi=voi)
    kind = kind_of(path)
    if kind == "DICOM":
        from bedside.modalities.imaging.dicom import read_dicom  # noqa: PLC0415

        return read_dicom(path, voi=voi)
    if kind == "NIfTI":
        from bedside.modalities.imaging.nifti import read_nifti  # noqa: PLC0415

        return read_nifti(path)
    if kind == "TIFF":
        from bedside.modalities.imaging.tiff import read_tiff  # noqa: PLC0415

        return read_tiff(path)
    if kind in ("PNG", "JPEG", "BMP"):
        from bedside.modalities.imaging.raster import read_raster  # noqa: PLC0415

        return read_raster(path)
    if kind == "NPZ":
        msg = f"{path} is a zip archive, perhaps of many images; unpack it, or read it as MedMNIST's layout"
        raise FileProblem(msg)
    msg = f"{path} {why_not(path)}"
    raise FileProblem(msg)
