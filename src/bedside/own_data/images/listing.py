"""One row an image: which file it is, what is known of it, and why it cannot be studied where it cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bedside.errors import FileProblem, OutcomeProblem, TableProblem
from bedside.modalities.imaging.header import Header
from bedside.modalities.tabular.column import nearest_name
from bedside.modalities.tabular.reading import Format, read
from bedside.modalities.tabular.table import Table
from bedside.own_data.images.declaration import DICOM_PATIENT, FILE, FOLDER
from bedside.own_data.images.facts import CANNOT_BE_READ, Decoded, Facts, decode
from bedside.own_data.images.files import ImageFiles, image_files, named_by, shown_paths

NO_FILE = "image file missing"
NO_ROW = "image without a row in the table of labels"
_MOSTLY = 0.5
"""Share of images that must be usable; with fewer, folder and table do not belong together."""
_PARTITIONS = {"train", "training", "test", "testing", "val", "valid", "validation", "dev", "tuning"}


@dataclass(frozen=True, eq=False)
class Listing:
    """Images and what is known of each.

    Attributes:
        files: All that lies below the folder.
        decoded: The same, decoded.
        table: One row an image: the columns of the table of labels, or the class folder; then what DICOM tells.
        paths: The file of each row; None where there is none.
        reasons: Why a row gives no sample, "" where nothing speaks against it; the plan and the label come later.
        column: Column of the table that names the files; "" where folders are the classes.
        form: Format of the table.
        sha256: Of images and table.
        notes: What a person should know.
    """

    files: ImageFiles
    decoded: Decoded
    table: Table
    paths: tuple[Path | None, ...]
    reasons: tuple[str, ...]
    column: str
    form: Format
    sha256: str
    notes: tuple[str, ...]

    def facts(self, row: int) -> Facts | None:
        """The readable image of a row."""
        path = self.paths[row]
        return None if path is None else self.decoded.facts.get(path)

    @property
    def usable(self) -> list[Facts]:
        """Every readable image of the table, in order."""
        found = [self.facts(row) for row in range(len(self.paths)) if not self.reasons[row]]
        return [facts for facts in found if facts is not None]


def list_images(
    folder: Path,
    labels: Path | None,
    *,
    column: str = "",
    form: Format | None = None,
    classes: bool = True,
    without: Sequence[Path] = (),
) -> Listing:
    """Read labels and decode every image.

    Args:
        folder: Class sub-folders, or images that the table names.
        labels: A CSV or Parquet table; None where there is none.
        column: Its column of files; found out when empty.
        form: Of the table; found out when None.
        classes: Whether sub-folders are the classes where there is no table; else the one column is of files.
        without: Files and folders below it that hold no images: masks and boxes.

    Raises:
        FileProblem: There is no image, most cannot be read, or the table cannot be read.
        TableProblem: No column names the images, or two rows name the same.
        OutcomeProblem: The same image stands in two classes.
    """
    sorted_by_class = classes and labels is None
    files = image_files(folder, volumes_from=2 if sorted_by_class else 1, without=without)
    if sorted_by_class:
        _refuse_few_classes(files)
    reading = None if labels is None else read(labels, form)
    decoded = decode(files.paths)
    _refuse_mostly_unreadable(files, decoded)
    notes = [f"{count} {what} left out" for what, count in files.left_out.items()]
    paths: list[Path | None]
    if reading is None and not classes:
        column, paths, reasons = FILE, list(files.paths), [""] * len(files.paths)
        frame = pl.DataFrame({FILE: [files.short(path) for path in files.paths]})
        content = b""
    elif reading is None:
        words = [path.relative_to(folder).parts[0] if path.parent != folder else None for path in files.paths]
        loose = sum(word is None for word in words)
        if loose:
            notes.append(f"{loose} images lie beside the class folders and have no label")
        frame = pl.DataFrame({FOLDER: words}, schema={FOLDER: pl.String})
        paths = list(files.paths)
        reasons = [""] * len(paths)
        content = repr(words).encode()
    else:
        assert labels is not None  # noqa: S101 - a reading has a file
        frame = reading.table.frame
        column = column or _naming_column(frame, files, labels)
        if column not in frame.columns:
            msg = f"{labels.name} has no column {column!r} of image files; {nearest_name(column, frame.columns)}"
            raise TableProblem(msg)
        frame, paths, reasons, said = _joined(frame, column, files, labels)
        notes += [*reading.notes, *said]
        content = labels.read_bytes()
    reasons = [
        reason or (CANNOT_BE_READ if path in decoded.problems else "")
        for reason, path in zip(reasons, paths, strict=True)
    ]
    told = [decoded.facts[path].header if path is not None and path in decoded.facts else None for path in paths]
    frame, said_of_dicom = _with_headers(frame, told)
    return Listing(
        files,
        decoded,
        Table(frame),
        tuple(paths),
        tuple(reasons),
        column,
        reading.form if reading else Format(),
        decoded.sha256(content),
        (*notes, *said_of_dicom, *_unreadable_notes(files, decoded)),
    )


def refuse_conflicts(listing: Listing, outcomes: Sequence[object]) -> None:
    """Raise OutcomeProblem where one image stands in two rows with different outcomes.

    Args:
        listing: The images.
        outcomes: One a row, None where not known.
    """
    seen: dict[str, tuple[int, object]] = {}
    pairs: list[tuple[int, int]] = []
    for row, outcome in enumerate(outcomes):
        facts = listing.facts(row)
        if facts is None or outcome is None:
            continue
        first, known = seen.setdefault(facts.digest, (row, outcome))
        if known != outcome:
            pairs.append((first, row))
    if not pairs:
        return
    both = [listing.paths[row] for row in pairs[0]]
    shown = " and ".join(listing.files.short(path) for path in both if path is not None)
    msg = (
        f"{len(pairs)} image(s) stand there twice with different labels ({shown} show the same); keep each once, "
        "under the label that is right"
    )
    raise OutcomeProblem(msg)


def _refuse_few_classes(files: ImageFiles) -> None:
    classes = sorted({path.relative_to(files.root).parts[0] for path in files.paths if path.parent != files.root})
    if len(classes) < 2:
        found = f"one sub-folder with images ({classes[0]})" if classes else "images and no class sub-folders"
        msg = (
            f"{files.root} has {found}; at least two are needed, one a class: sort the images into sub-folders, or "
            "give a table of labels (--labels FILE --outcome COLUMN)"
        )
        raise FileProblem(msg)
    if {name.casefold() for name in classes} <= _PARTITIONS:
        msg = (
            f"the sub-folders of {files.root} are partitions ({', '.join(classes)}), not classes; name one of them, "
            "or give a table of labels (--labels FILE --outcome COLUMN)"
        )
        raise FileProblem(msg)


def _refuse_mostly_unreadable(files: ImageFiles, decoded: Decoded) -> None:
    if len(decoded.facts) > _MOSTLY * len(files.paths):
        return
    first = next(iter(decoded.problems.values()))
    msg = (
        f"{len(decoded.problems)} of {len(files.paths)} files below {files.root} cannot be read as images; a study "
        f"needs most of them. The first: {first}"
    )
    raise FileProblem(msg)


def _unreadable_notes(files: ImageFiles, decoded: Decoded) -> list[str]:
    if not decoded.problems:
        return []
    count = len(decoded.problems)
    lines = [f"{count} file{'s' if count > 1 else ''} cannot be read; excluded and counted:"]
    lines += [f"  {problem.replace(f'{files.root}/', '')}" for problem in list(decoded.problems.values())[:10]]
    return lines + ([f"  and {count - 10} more"] if count > 10 else [])


def _naming_column(frame: pl.DataFrame, files: ImageFiles, labels: Path) -> str:
    """The column that names the images; raises TableProblem where none does."""
    column = named_by(frame, files)
    if not column:
        example = files.short(files.paths[0])
        msg = (
            f"no column of {labels.name} names the images below {files.root}; one column must hold their paths from "
            f"that folder, with or without suffix, such as the path of the first file ({example})"
        )
        raise TableProblem(msg)
    return column


def _joined(
    frame: pl.DataFrame, column: str, files: ImageFiles, labels: Path
) -> tuple[pl.DataFrame, list[Path | None], list[str], list[str]]:
    """Rows with their files; rows without a file and files without a row stay, each with its reason."""
    cells = frame.get_column(column).cast(pl.String, strict=False).to_list()
    paths = [None if cell is None else files.named(cell) for cell in cells]
    rows: dict[Path, list[int]] = {}
    for row, path in enumerate(paths):
        if path is not None:
            rows.setdefault(path, []).append(row)
    doubled = [found for found in rows.values() if len(found) > 1]
    if doubled:
        one, other = doubled[0][:2]
        msg = (
            f"{len(doubled)} image(s) stand in several rows of {labels.name} (the first in rows {one + 1} and "
            f"{other + 1}); keep one row an image"
        )
        raise TableProblem(msg)
    missing = [row for row, path in enumerate(paths) if path is None]
    if len(missing) > _MOSTLY * len(paths):
        msg = (
            f"{len(missing)} of {len(paths)} rows of {labels.name} name no file below {files.root} (column "
            f"{column!r}, the first in row {missing[0] + 1}); name the right folder with --images, or correct the names"
        )
        raise TableProblem(msg)
    reasons = [NO_FILE if path is None else "" for path in paths]
    notes = [f"files are named by the column {column!r}"]
    if missing:
        shown = ", ".join(str(row + 1) for row in missing[:5]) + (" …" if len(missing) > 5 else "")
        notes.append(f"{len(missing)} rows name no file (rows {shown}); excluded and counted")
    unlisted = [path for path in files.paths if path not in rows]
    if unlisted:
        notes.append(
            f"{len(unlisted)} files have no row in {labels.name}; excluded and counted ({shown_paths(files, unlisted)})"
        )
        frame = pl.concat([frame, frame.clear(len(unlisted))])
        paths += unlisted
        reasons += [NO_ROW] * len(unlisted)
    return frame, paths, reasons, notes


def _with_headers(frame: pl.DataFrame, headers: Sequence[Header | None]) -> tuple[pl.DataFrame, list[str]]:
    """The table with what DICOM tells: patient, sex, age band, site, manufacturer, modality."""
    known = [header or Header() for header in headers]
    notes = []
    geometry: dict[str, int] = {}
    for header in known:
        if header.note:
            geometry[header.note] = geometry.get(header.note, 0) + 1
    notes += [f"{count} of {len(known)} images tell {note}" for note, count in geometry.items()]
    names = sorted({name for header in known for name in header.attributes} - set(frame.columns))
    added: Mapping[str, list[str | None]] = {name: [header.attributes.get(name) for header in known] for name in names}
    if names:
        notes.append(f"DICOM tells {', '.join(names)}: each can be a subgroup")
    patients = [header.patient for header in known]
    told = [patient for patient in patients if patient is not None]
    examinations = {header.study for header in known if header.study}
    if len(told) > 1 and len(set(told)) == 1 and len(examinations) > 1:
        notes.append(
            f"all {len(told)} DICOM files of {len(examinations)} examinations carry the same patient identifier, which "
            "somebody put there: it was not used"
        )
    elif told:
        added = {**added, DICOM_PATIENT: patients}
    return frame.with_columns(pl.Series(name, cells, dtype=pl.String) for name, cells in added.items()), notes
