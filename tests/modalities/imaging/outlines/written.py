"""Series with DICOM outlines of them, written for a test: real files, no patient behind them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RTStructureSetStorage, generate_uid
from tests.modalities.imaging.written import slices

from bedside.types import Floats

FRAME = generate_uid(entropy_srcs=["frame"])
SPACING = (2.5, 0.5, 0.7)
"""Millimetres between slices, rows and columns."""


def turned(angles: Sequence[float], mirrored: bool = False) -> Floats:
    """Directions of columns, rows and slices in the patient, one a column: a rotation, or one with slices turned."""
    made = np.eye(3)
    for axis, angle in enumerate(angles):
        step = np.eye(3)
        a, b = [n for n in range(3) if n != axis]
        step[a, a] = step[b, b] = np.cos(angle)
        step[a, b], step[b, a] = -np.sin(angle), np.sin(angle)
        made = made @ step
    if mirrored:
        made[:, 2] *= -1
    return made


def positions(count: int, axes: Floats, start: Sequence[float] = (10.0, -20.0, 30.0)) -> Floats:
    return np.array(start) + np.arange(count)[:, None] * SPACING[0] * axes[:, 2]


def series(folder: Path, size: tuple[int, int, int], axes: Floats) -> Path:
    """A series with its slices in this orientation; file names run against the positions."""
    places = positions(size[0], axes)
    volume = np.arange(np.prod(size), dtype=np.uint16).reshape(size)
    slices(
        folder,
        volume,
        np.round(places, 8),
        [f"{size[0] - k}.dcm" for k in range(size[0])],
        PixelSpacing=list(SPACING[1:]),
        ImageOrientationPatient=np.round([*axes[:, 0], *axes[:, 1]], 12).tolist(),
        FrameOfReferenceUID=FRAME,
        **dict.fromkeys(("StudyID", "StudyDate", "StudyTime", "AccessionNumber", "PatientBirthDate"), ""),
        PatientSex="",
        ReferringPhysicianName="",
        SeriesNumber=1,
        InstanceNumber=1,
        SliceThickness=1.0,
    )
    return folder


def files(folder: Path) -> list[Any]:
    """The slices of the series, in the order of their numbers in `series`."""
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir(), key=lambda path: -int(path.stem))]


def segmentation(
    path: Path, sources: Sequence[Any], masks: NDArray[Any], kind: str, labels: Sequence[str], **told: Any
) -> Path:
    """A segmentation of slices; masks (slices, rows, columns, segments), or numbers (slices, rows, columns)."""
    described = [
        highdicom.seg.SegmentDescription(
            number, label, codes.SCT.Tissue, codes.SCT.Tissue, highdicom.seg.SegmentAlgorithmTypeValues.MANUAL
        )
        for number, label in enumerate(labels, 1)
    ]
    made = highdicom.seg.Segmentation(
        source_images=list(sources),
        pixel_array=masks,
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=generate_uid(),
        series_number=2,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="none",
        manufacturer_model_name="none",
        software_versions="1",
        device_serial_number="1",
        **{"transfer_syntax_uid": ExplicitVRLittleEndian, **told},
    )
    made.save_as(path)
    return path


def structure_set(
    path: Path, structures: Sequence[tuple[str, Sequence[tuple[str, Floats]]]], frame: str = FRAME, first: int = 1
) -> Path:
    """A structure set: for each structure its name and its contours, each a type and corners (n, 3) in millimetres."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = RTStructureSetStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = RTStructureSetStorage, meta.MediaStorageSOPInstanceUID
    made.Modality, made.PatientID, made.PatientName = "RTSTRUCT", "SECRET-17", "Secret^Name"
    regions, drawn = [], []
    for number, (name, contours) in enumerate(structures, first):
        region, outline = Dataset(), Dataset()
        region.ROINumber, region.ROIName, region.ReferencedFrameOfReferenceUID = number, name, frame
        outline.ReferencedROINumber = number
        items = []
        for kind, corners in contours:
            item = Dataset()
            item.ContourGeometricType, item.NumberOfContourPoints = kind, len(corners)
            item.ContourData = [f"{x:.10g}" for x in np.asarray(corners).ravel()]
            items.append(item)
        outline.ContourSequence = pydicom.Sequence(items)
        regions.append(region)
        drawn.append(outline)
    made.StructureSetROISequence, made.ROIContourSequence = pydicom.Sequence(regions), pydicom.Sequence(drawn)
    made.save_as(path, enforce_file_format=True)
    return path
