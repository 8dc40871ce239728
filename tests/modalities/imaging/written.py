"""DICOM files written for a test: real files, no patient behind them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, EnhancedMRImageStorage, ExplicitVRLittleEndian, generate_uid

SERIES = generate_uid(entropy_srcs=["series"])
STUDY = generate_uid(entropy_srcs=["study"])
AXIAL = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def dataset(pixels: NDArray[Any], **elements: Any) -> FileDataset:
    """A grey image of one frame, or of several along the first axis; elements replace or add, None takes away."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    made.Modality, made.SeriesInstanceUID, made.StudyInstanceUID = "CT", SERIES, STUDY
    made.PatientID, made.PatientName = "SECRET-17", "Secret^Name"
    made.Rows, made.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        made.NumberOfFrames = len(pixels)
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = pixels.dtype.itemsize * 8
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    for name, value in elements.items():
        if value is None:
            if name in made:
                delattr(made, name)
        else:
            setattr(made, name, value)
    made.PixelData = pixels.tobytes()
    return made


def write(path: Path, pixels: NDArray[Any], **elements: Any) -> Path:
    dataset(pixels, **elements).save_as(path, enforce_file_format=True)
    return path


def slices(
    folder: Path, volume: NDArray[Any], positions: NDArray[np.float64], names: list[str] | None = None, **elements: Any
) -> Path:
    """One file a slice; file names follow `names`, so that they need not follow the positions."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, (plane, position) in enumerate(zip(volume, positions, strict=True)):
        told = {"PixelSpacing": [0.5, 0.7], "ImageOrientationPatient": AXIAL, **elements}
        write(folder / (names[k] if names else f"{k}.dcm"), plane, ImagePositionPatient=list(position), **told)
    return folder


def enhanced(
    path: Path, volume: NDArray[Any], positions: NDArray[np.float64], rules: list[tuple[float, float]]
) -> Path:
    """An enhanced multi-frame file: geometry and rescaling in functional groups, a frame each."""
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.5, 0.7], 9.0
    orientation.ImageOrientationPatient = AXIAL
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orientation])
    frames = []
    for position, (slope, intercept) in zip(positions, rules, strict=True):
        frame, place, values = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = list(position)
        values.RescaleSlope, values.RescaleIntercept, values.RescaleType = slope, intercept, "US"
        frame.PlanePositionSequence, frame.PixelValueTransformationSequence = Sequence([place]), Sequence([values])
        frames.append(frame)
    made = dataset(
        volume,
        Modality="MR",
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(frames),
    )
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    made.save_as(path, enforce_file_format=True)
    return path
