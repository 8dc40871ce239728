"""A person's own images: class sub-folders, or a CSV of paths; whose they are is told, or declared unknown."""

import csv
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bedside.errors import FileProblem, TableProblem
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.header import Header, read_header
from bedside.modalities.imaging.kind import kind_of
from bedside.modalities.imaging.record import ImageRecord

FROM_DICOM = "by the DICOM patient identifier"
UNKNOWN = "unknown: each image counts as a patient of its own"

_MASKS = ("_mask", "_seg", "_segmentation", "_annotation")
"""Endings of names under which masks are published beside their images."""


@dataclass(frozen=True)
class ImageFolder:
    """Images that were found, each with its label.

    Attributes:
        records: In the order of their paths; keys stand for the path without telling it.
        patients: How patients were recognised, for the report: `FROM_DICOM`, "by the column 'patient'" or `UNKNOWN`.
        notes: What a person should know: files left out, distances that are not those in the patient.
    """

    records: tuple[ImageRecord, ...]
    patients: str
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that occur, sorted."""
        return tuple(sorted({str(record.label) for record in self.records if record.label is not None}))


def read_folder(root: Path) -> ImageFolder:
    """Images in sub-folders named by class; a folder of DICOM slices inside one is one volume.

    Hidden files are passed over; masks (`…_mask.png` beside an image) and files that are no images are left out and
    counted in the notes.

    Raises:
        FileProblem: There is no such folder, it has fewer than two class folders, or a class folder has no image.
    """
    if not root.is_dir():
        msg = f"{root} is not a folder; name a folder with one sub-folder a class, or a CSV of paths with --labels"
        raise FileProblem(msg)
    classes = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if len(classes) < 2:
        names = ", ".join(entry.name for entry in classes) or "none"
        msg = (
            f"{root} has {len(classes)} sub-folders ({names}); one a class, at least two, are needed: sort the images "
            "into sub-folders, or give a CSV with the columns path and label"
        )
        raise FileProblem(msg)
    found: list[tuple[Path, str]] = []
    left: Counter[str] = Counter()
    for folder in classes:
        inside = _images_below(folder, left)
        if not inside:
            msg = f"{folder} holds no image; put the images of its class there, or remove the folder"
            raise FileProblem(msg)
        found += [(path, folder.name) for path in inside]
    notes = [f"{count} files left out: {what}" for what, count in left.items()]
    headers = [read_header(path) for path, _ in found]
    records = [
        ImageRecord(_key(path.relative_to(root).as_posix()), ImageFile(path), word, attributes=header.attributes)
        for (path, word), header in zip(found, headers, strict=True)
    ]
    return _with_patients(records, headers, notes)


def read_listing(
    listing: Path, root: Path | None = None, *, label: str = "label", patient: str = "patient"
) -> ImageFolder:
    """Images that a CSV lists in its column `path`, with a label and, where given, a patient and attributes.

    Args:
        listing: A CSV file with a header; an empty label means that nobody knows it.
        root: Where relative paths start; None is the CSV's own folder.
        label: Name of the column of labels.
        patient: Name of the column of patients; where there is none, DICOM tells or they are unknown.

    Returns:
        Every further column becomes an attribute under its own name; empty cells are left out.

    Raises:
        FileProblem: The CSV cannot be read, or files that it lists are absent.
        TableProblem: A column is absent, a path is listed twice, or a patient is missing in some rows only.
    """
    rows = _rows(listing, label)
    base = listing.parent if root is None else root
    paths = [base / row["path"] for row in rows]
    absent = [path for path in paths if not path.exists()]
    if absent:
        msg = f"{len(absent)} of {len(paths)} paths in {listing} do not exist, the first {absent[0]}; correct the paths"
        raise FileProblem(msg)
    headers = [read_header(path) for path in paths]
    known = [name for name in rows[0] if name not in ("path", label, patient)]
    records = [
        ImageRecord(
            _key(row["path"]),
            ImageFile(path),
            row[label] or None,
            attributes={**header.attributes, **{name: row[name] for name in known if row[name]}},
        )
        for row, path, header in zip(rows, paths, headers, strict=True)
    ]
    if patient not in rows[0]:
        return _with_patients(records, headers, [])
    missing = sum(not row[patient] for row in rows)
    if missing:
        msg = (
            f"column {patient!r} of {listing} is empty in {missing} of {len(rows)} rows; name the patient of every "
            "image, or remove the column, which makes patients unknown"
        )
        raise TableProblem(msg)
    named = [replace(record, patient=row[patient]) for record, row in zip(records, rows, strict=True)]
    return ImageFolder(tuple(named), f"by the column {patient!r}", _geometry_notes(headers))


def _images_below(folder: Path, left: Counter[str]) -> list[Path]:
    """Images of a folder and its sub-folders, in order; several DICOM files in a sub-folder are one series."""
    found: list[Path] = []
    stems = {path.stem for path in folder.iterdir() if path.is_file()}
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            files = [each for each in path.iterdir() if each.is_file() and not each.name.startswith(".")]
            slices = [each for each in files if each.stat().st_size and kind_of(each) == "DICOM"]
            found += [path] if len(slices) > 1 else _images_below(path, left)
        elif any(path.stem.removesuffix(end) != path.stem and _has(stems, path.stem, end) for end in _MASKS):
            left["masks beside an image"] += 1
        elif path.stat().st_size and kind_of(path) in (None, "NPZ"):
            left["not images"] += 1
        else:
            found.append(path)
    return found


def _has(stems: set[str], stem: str, ending: str) -> bool:
    return stem.removesuffix(ending) in stems


def _rows(listing: Path, label: str) -> list[dict[str, str]]:
    try:
        with listing.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            cells = [[cell.strip() for cell in line] for line in reader if line]
    except FileNotFoundError as error:
        msg = f"{listing} does not exist; check the path"
        raise FileProblem(msg) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{listing} cannot be read as CSV ({type(error).__name__}); save it as 'CSV UTF-8' with commas"
        raise FileProblem(msg) from error
    header, body = (cells[0], cells[1:]) if cells else ([], [])
    for needed in ("path", label):
        if header.count(needed) != 1:
            msg = (
                f"{listing} needs one column {needed!r}; its columns are {', '.join(header[:12]) or 'none'}: rename "
                "the column, and use commas between columns"
            )
            raise TableProblem(msg)
    if len(set(header)) < len(header):
        msg = f"{listing} names a column twice; each name may stand once"
        raise TableProblem(msg)
    wrong = [number for number, line in enumerate(body, start=2) if len(line) != len(header)]
    if wrong or not body:
        what = f"line {wrong[0]} has another number of cells than the header" if wrong else "it has no rows"
        msg = f"{listing}: {what}; one row an image is needed"
        raise TableProblem(msg)
    rows = [dict(zip(header, line, strict=True)) for line in body]
    doubled = sum(count - 1 for count in Counter(row["path"] for row in rows).values())
    if doubled or not all(row["path"] for row in rows):
        what = f"{doubled} paths are listed twice" if doubled else "a path is empty"
        msg = f"{listing}: {what}; each image may stand in one row"
        raise TableProblem(msg)
    return rows


def _with_patients(records: Sequence[ImageRecord], headers: Sequence[Header], notes: Sequence[str]) -> ImageFolder:
    """Patients as DICOM tells them, unless it cannot be believed."""
    said = [*notes, *_geometry_notes(headers)]
    identifiers = [header.patient for header in headers]
    known = [identifier for identifier in identifiers if identifier is not None]
    if not known:
        return ImageFolder(tuple(records), UNKNOWN, tuple(said))
    studies = {header.study for header in headers}
    if len(known) > 1 and len(set(known)) == 1 and len(studies) > 1:
        said.append(
            f"all {len(known)} DICOM files of {len(studies)} examinations carry one patient identifier, which somebody "
            "put there: patients are unknown"
        )
        return ImageFolder(tuple(records), UNKNOWN, tuple(said))
    if len(known) < len(identifiers):
        said.append(f"{len(identifiers) - len(known)} of {len(identifiers)} images do not tell their patient")
    named = [replace(record, patient=one) for record, one in zip(records, identifiers, strict=True)]
    return ImageFolder(tuple(named), FROM_DICOM, tuple(said))


def _geometry_notes(headers: Sequence[Header]) -> tuple[str, ...]:
    counts: Mapping[str, int] = Counter(header.note for header in headers if header.note)
    return tuple(f"{count} of {len(headers)} images tell {note}" for note, count in counts.items())


def _key(name: str) -> str:
    """Sixteen hexadecimal digits that stand for a path, which may name a patient."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
