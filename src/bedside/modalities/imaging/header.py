"""What an image file says of its case without its pixels: whose it is, from which site, in what units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bedside.errors import FileProblem
from bedside.modalities.imaging.kind import kind_of

_SEX = {"F": "female", "M": "male", "O": "other"}
_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


@dataclass(frozen=True)
class Header:
    """What a file tells beside its image.

    Attributes:
        patient: The DICOM patient identifier with its issuer; None where the file has none. Never printed.
        study: The DICOM study's identifier; None where the file has none. Never printed.
        attributes: sex, age_band, site, manufacturer and modality, each only where the file tells it.
        note: What a person should know of its geometry ("pixel spacing at the detector"); "" for nothing.
    """

    patient: str | None = None
    study: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def read_header(path: Path) -> Header:
    """The header of a DICOM or NIfTI file, or of the first slice of a series; pictures tell nothing.

    Raises:
        FileProblem: The file cannot be read.
    """
    if path.is_dir():
        from bedside.modalities.imaging.series import series_files  # noqa: PLC0415 - only the reader that is needed

        path = series_files(path)[0]
    kind = kind_of(path)
    if kind == "DICOM":
        return _of_dicom(path)
    if kind == "NIfTI":
        from bedside.modalities.imaging.nifti import position_said  # noqa: PLC0415

        unplaced = position_said(path) == "not told"
        return Header(note="distances between voxels and no position (sform and qform codes are 0)" if unplaced else "")
    return Header()


def age_band(years: float | None) -> str | None:
    """Twenty years a band; None where the age is unknown.

    Example:
        >>> age_band(39.9), age_band(40), age_band(93)
        ('20 to 39', '40 to 59', '80 and over')
    """
    if years is None or not 0 <= years < 130:
        return None
    if years >= 80:
        return "80 and over"
    low = int(years // 20) * 20
    return "under 20" if low == 0 else f"{low} to {low + 19}"


def _of_dicom(path: Path) -> Header:
    from bedside.modalities.imaging.dicom import opened, spacing_said, told  # noqa: PLC0415

    with told(path):
        dataset = opened(path, pixels=False)
        if "Rows" not in dataset:
            modality = str(dataset.get("Modality", "")) or "unknown"
            msg = f"{path} holds no image (modality {modality}); leave out reports, plans, structures and waveforms"
            raise FileProblem(msg)
        patient, issuer = _text(dataset, "PatientID"), _text(dataset, "IssuerOfPatientID")
        found = {
            "sex": _SEX.get(_text(dataset, "PatientSex").upper()),
            "age_band": age_band(_years(_text(dataset, "PatientAge"))),
            "site": _text(dataset, "InstitutionName"),
            "manufacturer": _text(dataset, "Manufacturer"),
            "modality": _text(dataset, "Modality"),
        }
        detector = spacing_said(dataset) == "at the detector"
        return Header(
            patient=f"{issuer}\x1f{patient}" if patient and issuer else patient or None,
            study=_text(dataset, "StudyInstanceUID") or None,
            attributes={name: value for name, value in found.items() if value},
            note="pixel spacing at the detector, not in the patient (Imager Pixel Spacing)" if detector else "",
        )


def _text(dataset: Any, name: str) -> str:  # noqa: ANN401 - pydicom publishes no types
    value = dataset.get(name)
    return "" if value is None else str(value).strip()


def _years(age: str) -> float | None:
    """A DICOM age string ("045Y") in years."""
    if len(age) != 4 or not age[:3].isdigit() or age[3] not in _YEARS:
        return None
    return int(age[:3]) * _YEARS[age[3]]
