"""Files below a folder that may be images, and which of them a name in a table means."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import polars as pl

from bedside.errors import FileProblem, TableProblem
from bedside.modalities.imaging.header import read_header
from bedside.modalities.imaging.kind import kind_of

_MASKS = ("_mask", "_seg", "_segmentation", "_annotation")
"""Endings of names under which masks are published beside their images."""

_TABLES = {".csv", ".tsv", ".txt", ".json", ".xlsx", ".xml", ".md", ".pdf", ".html", ".parquet", ".toml", ".yaml"}
"""Files that lie beside images and are not meant to be images."""

_PLANES = {"CT", "MR", "PT", "NM"}
"""DICOM modalities whose files in one folder are slices of one volume."""

_SHOWN = 5
_JUDGED = 2_000
"""Rows by which it is told which column names files."""
_MOSTLY = 0.5


@dataclass(frozen=True)
class ImageFiles:
    """What lies below a folder.

    Attributes:
        root: The folder.
        paths: Image files, and folders that hold the slices of one series, sorted; below `root`.
        left_out: Files that are not meant to be images, counted by what they are.
    """

    root: Path
    paths: tuple[Path, ...]
    left_out: Mapping[str, int]

    def short(self, path: Path) -> str:
        """The path as seen from the folder, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    @cached_property
    def _known(self) -> list[dict[str, list[Path]]]:
        """From a name to files, the strictest way to name a file first."""
        ways: list[dict[str, list[Path]]] = [{}, {}, {}, {}]
        for path in self.paths:
            short = PurePosixPath(self.short(path))
            bare = without_suffix(short.name)
            for way, name in zip(ways, (str(short), str(short.with_name(bare)), short.name, bare), strict=True):
                way.setdefault(name, []).append(path)
        return ways

    def named(self, name: str) -> Path | None:
        """The file that a cell of a table names: by its path, with or without suffix, or by its name alone.

        Raises:
            TableProblem: Several files are called so.
        """
        plain = name.strip().replace("\\", "/").removeprefix("./").strip("/")
        for way in self._known:
            found = way.get(plain, [])
            if len(found) > 1:
                shown = " and ".join(self.short(path) for path in found[:2])
                msg = (
                    f"{len(found)} files below {self.root} are called {plain!r} ({shown}); write the path from the "
                    "folder, with its suffix, in the table"
                )
                raise TableProblem(msg)
            if found:
                return found[0]
        return None


def image_files(root: Path, *, volumes_from: int = 1, without: Sequence[Path] = ()) -> ImageFiles:
    """All images below a folder; raises FileProblem when it is no folder, or holds none.

    Hidden files, masks beside an image (`…_mask.png`), tables and texts are left out. A file that is called like an
    image and is none is kept: it is told as unreadable, not passed over.

    Args:
        root: The folder.
        volumes_from: Folders below it from which a folder of DICOM slices may be one volume: 1 for those directly
            below it, 2 where these are classes, 0 for none.
        without: Files and folders below it that hold no images.
    """
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        msg = f"{root} {what}; name the folder that holds the images"
        raise FileProblem(msg)
    left: Counter[str] = Counter()
    paths = _below(root, left, volumes_from, frozenset(path.resolve() for path in without))
    if not paths:
        others = f" (only {', '.join(f'{count} {what}' for what, count in left.items())})" if left else ""
        msg = f"{root} holds no image{others}; put DICOM, NIfTI, PNG, JPEG, TIFF or BMP files there"
        raise FileProblem(msg)
    return ImageFiles(root, tuple(paths), dict(left))


def without_suffix(name: str) -> str:
    """A file's name without its last suffix, both of `.nii.gz`.

    Example:
        >>> without_suffix("brain_01.nii.gz"), without_suffix("IMD003"), without_suffix("1.2.840.dcm")
        ('brain_01', 'IMD003', '1.2.840')
    """
    bare = name.removesuffix(".gz") if name.endswith(".nii.gz") else name
    stem, _, suffix = bare.rpartition(".")
    return stem if stem and suffix.isalnum() and not suffix.isdecimal() else bare


def named_by(frame: pl.DataFrame, files: ImageFiles) -> str:
    """The column of a table of which most cells name a file; "" where there is none."""
    best, most = "", 0
    rows = frame.head(_JUDGED)
    for name in frame.columns:
        cells = rows.get_column(name).cast(pl.String, strict=False).drop_nulls().unique().to_list()
        found = sum(_names_any(files, cell) for cell in cells)
        if found > most:
            best, most = name, found
    return best if most >= min(2, rows.height) and most >= _MOSTLY * min(rows.height, len(files.paths)) else ""


def _names_any(files: ImageFiles, cell: str) -> bool:
    try:
        return files.named(cell) is not None
    except TableProblem:
        return True  # several: told when the files are looked up


def shown_paths(files: ImageFiles, paths: Sequence[Path]) -> str:
    """The first few paths, for the terminal."""
    rest = len(paths) - _SHOWN
    return ", ".join(files.short(path) for path in paths[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _below(folder: Path, left: Counter[str], volumes_from: int, without: frozenset[Path]) -> list[Path]:
    entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    stems = {without_suffix(entry.name) for entry in entries if entry.is_file()}
    found: list[Path] = []
    for path in entries:
        if path.resolve() in without:
            continue
        if path.is_dir():
            if volumes_from == 1 and _is_volume(path):
                found.append(path)
            else:
                found += _below(path, left, max(1, volumes_from - 1) if volumes_from else 0, without)
        elif any(_masks(without_suffix(path.name), ending, stems) for ending in _MASKS):
            left["masks beside an image"] += 1
        elif path.suffix.lower() in _TABLES:
            left["tables and texts"] += 1
        elif path.name == "DICOMDIR":
            left["DICOM directories"] += 1
        else:
            found.append(path)
    return found


def _masks(stem: str, ending: str, stems: set[str]) -> bool:
    return stem.endswith(ending) and stem.removesuffix(ending) in stems


def _is_volume(folder: Path) -> bool:
    """Whether a folder holds slices, and nothing else: several DICOM files of a modality that images planes."""
    entries = [entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(".")]
    files = [entry for entry in entries if entry.is_file() and entry.name != "DICOMDIR"]
    if len(files) < 2 or len(files) < len([entry for entry in entries if entry.is_dir()]):
        return False
    if any(entry.stat().st_size == 0 or kind_of(entry) != "DICOM" for entry in files):
        return False
    try:
        return read_header(files[0]).attributes.get("modality") in _PLANES
    except FileProblem:
        return False
