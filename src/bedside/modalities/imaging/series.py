"""A folder of DICOM slices as one volume, put together by geometry and never by file name or instance number."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.dicom import Dataset, Frames, assembled, frames_of, opened, told
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.kind import kind_of
from bedside.modalities.imaging.limits import refuse_too_large


@dataclass(frozen=True, slots=True)
class _Facts:
    """What all slices of a volume have in common; identifiers are compared and never told."""

    series: str
    modality: str
    size: tuple[int, int]
    photometric: str
    spacing: tuple[float, ...]
    frames: int

    def shown(self) -> str:
        return f"{self.modality or 'unknown modality'} {self.size[0]} x {self.size[1]}"


def read_series(folder: Path, *, voi: bool = False) -> Image:
    """Read the one series that lies in a folder; a folder with one slice gives a two-dimensional image.

    Args:
        folder: DICOM files side by side; hidden files and a DICOMDIR are passed over.
        voi: Apply each file's value-of-interest table or window, as in `read_dicom`.

    Raises:
        FileProblem: The folder is empty, holds other files or several series, or its slices do not make a volume.
    """
    paths = series_files(folder)
    facts = []
    for path in paths:
        with told(path):
            facts.append(_facts(opened(path, pixels=False), path))
    _refuse_mixed(facts, folder)
    refuse_too_large((sum(one.frames for one in facts), *facts[0].size), str(folder))
    parts = []
    for path in paths:
        with told(path):
            parts.append(frames_of(opened(path), str(path), voi=voi))
    return assembled(_joined(parts, folder), str(folder))


def series_files(folder: Path) -> list[Path]:
    """The DICOM files of a folder, by name.

    Raises:
        FileProblem: There are none, or other files lie among them.
    """
    paths = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".") and p.name != "DICOMDIR")
    strange = [path for path in paths if kind_of(path) != "DICOM"]
    if not paths:
        msg = f"{folder} holds no files; name an image, or a folder with the DICOM files of one series"
        raise FileProblem(msg)
    if strange:
        msg = (
            f"{folder} is read as one DICOM series, and {len(strange)} of its {len(paths)} files are no DICOM files, "
            f"the first {strange[0].name}; move them elsewhere"
        )
        raise FileProblem(msg)
    return paths


def _facts(dataset: Dataset, path: Path) -> _Facts:
    if "Rows" not in dataset or "Columns" not in dataset:
        modality = str(dataset.get("Modality", "")) or "unknown"
        msg = f"{path} holds no image (modality {modality}); leave only the slices of one series in the folder"
        raise FileProblem(msg)
    spacing = dataset.get("PixelSpacing") or dataset.get("ImagerPixelSpacing") or ()
    return _Facts(
        series=str(dataset.get("SeriesInstanceUID", "")),
        modality=str(dataset.get("Modality", "")),
        size=(int(dataset.Rows), int(dataset.Columns)),
        photometric=str(dataset.get("PhotometricInterpretation", "")),
        spacing=tuple(float(one) for one in spacing),
        frames=int(dataset.get("NumberOfFrames") or 1),
    )


def _refuse_mixed(facts: list[_Facts], folder: Path) -> None:
    series: dict[str, list[_Facts]] = {}
    for one in facts:
        series.setdefault(one.series, []).append(one)
    if len(series) > 1:
        parts = ", ".join(f"{len(part)} files {part[0].shown()}" for part in list(series.values())[:4])
        msg = (
            f"{folder} holds {len(series)} series ({parts}{', …' if len(series) > 4 else ''}); one is allowed: put "
            "each series in a folder of its own"
        )
        raise FileProblem(msg)
    for name, found in (
        ("sizes", {f"{one.size[0]} x {one.size[1]}" for one in facts}),
        ("pixel spacings", {" x ".join(f"{x:g}" for x in one.spacing) or "none" for one in facts}),
        ("photometric interpretations", {one.photometric for one in facts}),
    ):
        if len(found) > 1:
            shown = ", ".join(sorted(found)[:4])
            msg = (
                f"{folder} holds slices of {len(found)} {name} ({shown}); a volume needs one: take localisers and "
                "derived images out, or put each set in a folder of its own"
            )
            raise FileProblem(msg)


def _joined(parts: list[Frames], folder: Path) -> Frames:
    if len(parts) == 1:
        return parts[0]
    planes = [plane for part in parts for plane in part.planes or ()]
    count = sum(len(part.values) for part in parts)
    if len(planes) != count:
        msg = (
            f"{folder}: {count - len(planes)} of {count} slices do not say where they lie (Image Position "
            "and Orientation of the patient); their order would be a guess: export them with positions, "
            "or use the images one by one"
        )
        raise FileProblem(msg)
    real = any(part.values.dtype.kind == "f" for part in parts)
    kind = np.dtype(np.float32) if real else np.result_type(*(part.values.dtype for part in parts))
    values = np.concatenate([part.values.astype(kind, copy=False) for part in parts])
    return Frames(values, tuple(planes), parts[0].spacing)
