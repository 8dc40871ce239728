"""Sources with one small text file a stay, in folders or in archives that are read as a stream."""

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems

TOGETHER = 500
"""Files that make one frame."""

PART = 4_000
"""Files of a folder that make one part."""

ARCHIVES = (".tar.gz", ".tgz", ".tar")


@dataclass(frozen=True)
class StayFiles:
    """Files of one kind in a folder, or in an archive.

    Attributes:
        path: A folder or an archive.
        pattern: What the files' names look like ("*.psv").
        span: Which of a folder's files, in the order of their names; an archive is read as a whole.
    """

    path: Path
    pattern: str
    span: tuple[int, int] = (0, PART)

    def bundles(self, problems: Problems) -> Iterator[list[tuple[str, str]]]:
        """Name without ending, and content, of `TOGETHER` files at a time.

        Raises:
            RecordsProblem: The archive is damaged.
        """
        bundle: list[tuple[str, str]] = []
        for name, content in self._contents():
            try:
                bundle.append((name, content.decode("utf-8")))
            except UnicodeDecodeError:
                problems.add("a file that is no UTF-8 text")
            if len(bundle) == TOGETHER:
                yield bundle
                bundle = []
        if bundle:
            yield bundle

    def _contents(self) -> Iterator[tuple[str, bytes]]:
        if self.path.is_dir():
            for path in listed(self.path, self.pattern)[slice(*self.span)]:
                yield path.stem, path.read_bytes()
            return
        try:
            with tarfile.open(self.path, "r|*") as archive:
                for member in archive:
                    inside = PurePosixPath(member.name)
                    ours = member.isfile() and fnmatchcase(inside.name, self.pattern)
                    file = archive.extractfile(member) if ours else None
                    if file is not None:
                        yield inside.stem, file.read()
        except (tarfile.TarError, OSError, EOFError) as error:
            msg = f"{self.path} is damaged or truncated; copy it again and compare its checksum"
            raise RecordsProblem(msg) from error


def listed(folder: Path, pattern: str) -> list[Path]:
    """Files of a folder whose names look like this, sorted."""
    return sorted(path for path in folder.iterdir() if fnmatchcase(path.name, pattern))


def found(path: Path, pattern: str) -> list[StayFiles]:
    """The files in a folder, in a folder's folders and archives, or in one archive; none where there are none."""
    if path.is_file():
        return [StayFiles(path, pattern)] if path.name.endswith(ARCHIVES) else []
    if not path.is_dir():
        return []
    inside = [path, *sorted(entry for entry in path.iterdir() if entry.is_dir())]
    archives = sorted(entry for entry in path.iterdir() if entry.is_file() and entry.name.endswith(ARCHIVES))
    unpacked = {folder.name for folder in inside if listed(folder, pattern)}
    out = [
        StayFiles(folder, pattern, (start, start + PART))
        for folder in inside
        for start in range(0, len(listed(folder, pattern)), PART)
    ]
    return out + [
        StayFiles(archive, pattern)
        for archive in archives
        if archive.name.removesuffix(".gz").removesuffix(".tgz").removesuffix(".tar") not in unpacked
    ]


def lines(files: Sequence[tuple[str, str]], separator: str, fields: int, problems: Problems) -> pl.DataFrame:
    """All lines but the first of each file: columns `file` and `line`; those with another number of fields are counted.

    Args:
        files: Name and content.
        separator: Between fields.
        fields: How many a line has.
        problems: Where lines are counted that are no rows.
    """
    split = [content.splitlines()[1:] for _, content in files]
    frame = pl.DataFrame(
        {
            "file": pl.Series([name for name, _ in files], dtype=pl.String).gather(
                [index for index, rows in enumerate(split) for _ in rows]
            ),
            "line": pl.Series([line for rows in split for line in rows], dtype=pl.String),
        }
    ).filter(pl.col("line").str.strip_chars() != "")
    right = pl.col("line").str.count_matches(separator, literal=True) == fields - 1
    good = frame.filter(right)
    if len(good) < len(frame):
        problems.add(f"a line without {fields} fields", times=len(frame) - len(good))
    return good
