"""Blinded, randomised reading lists for a reader study, and the key that opens them again."""

import csv
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bedside.data.readings import AIDED, UNAIDED
from bedside.data.rows import read_lines
from bedside.errors import StudyError, TableProblem
from bedside.study.folder import RunFolder

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1, which are misread."""

CODE = 7
WASHOUT_DAYS = 28

KEY = ("code", "reader", "session", "position", "arm", "case")
LIST = ("session", "not_before_day", "position", "code", "arm", "reading")


@dataclass(frozen=True)
class Item:
    """One reading that is asked for: who reads which case under which code, when, and with or without the model."""

    code: str
    reader: str
    session: int
    position: int
    arm: str
    case: str


@dataclass(frozen=True)
class BlindList:
    """A whole reading study.

    Attributes:
        items: All readings, in the order of each reader.
        washout_days: Days that must pass between the two sessions of a reader; 0 with one session.
        seed: Opens the list to whoever has the cases, and so belongs to the key.
    """

    items: tuple[Item, ...]
    washout_days: int
    seed: int

    def of(self, reader: str) -> tuple[Item, ...]:
        """One reader's list."""
        return tuple(item for item in self.items if item.reader == reader)


def blind_list(
    cases: Sequence[str],
    readers: Sequence[str],
    *,
    seed: int | None = None,
    aided: bool = False,
    washout_days: int = WASHOUT_DAYS,
) -> BlindList:
    """Every reader reads every case, in an order and under codes of the reader's own.

    Codes are drawn, not derived from identifiers, and differ between readers and sessions, so that neither a list nor
    two lists laid side by side tell which case is which. With `aided` each case is read twice, without and with the
    model, in two sessions a washout apart (crossover): in the first session a random half of the cases is read with
    the model, the other half without, and the halves change roles in the second. The halves are mirrored between
    consecutive readers, so that each case is met first with and first without the model about equally often.

    Args:
        cases: Identifiers.
        readers: Names.
        seed: Of order, codes and arms; drawn when None. Whoever knows it and the cases can break the blinding.
        aided: Whether cases are read with the model too.
        washout_days: Between the sessions of a crossover.

    Raises:
        StudyError: No cases or readers, one named twice, a washout below one day, fewer than two cases to cross over.
    """
    for what, names in (("case", cases), ("reader", readers)):
        if not names or not all(names):
            msg = f"a reading list needs at least one {what}, none of them empty"
            raise StudyError(msg)
        if len(set(names)) < len(names):
            msg = f"{len(names) - len(set(names))} {what}s are named more than once; name each once"
            raise StudyError(msg)
    if aided and (washout_days < 1 or len(cases) < 2):
        msg = f"a crossover needs at least two cases and a washout of days; got {len(cases)} and {washout_days}"
        raise StudyError(msg)
    chosen = secrets.randbits(63) if seed is None else seed
    stream = Random(chosen)  # noqa: S311 - a drawn seed of 63 bits hides the order well enough, and repeats
    codes = _codes(stream, len(cases) * len(readers) * (2 if aided else 1))
    mixed = sorted(cases)
    stream.shuffle(mixed)
    half = set(mixed[: len(mixed) // 2])
    items: list[Item] = []
    for number, reader in enumerate(readers):
        for session in range(2 if aided else 1):
            order = sorted(cases)
            stream.shuffle(order)
            for position, case in enumerate(order):
                with_model = aided and ((case in half) + number + session) % 2 == 1
                arm = AIDED if with_model else UNAIDED
                items.append(Item(codes.pop(), reader, session + 1, position + 1, arm, case))
    return BlindList(tuple(items), washout_days if aided else 0, chosen)


def _codes(stream: Random, number: int) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < number:
        found["".join(stream.choice(LETTERS) for _ in range(CODE))] = None
    return list(found)


def write_lists(blinded: BlindList, folder: Path, key: Path) -> tuple[Path, ...]:
    """Write one list a reader into `folder`, and the key, readable by its owner alone, elsewhere.

    Raises:
        StudyError: The key would lie in the folder that readers get, a file is there already, or two readers' names
            give one file name.
        OutputProblem: Something cannot be written.
    """
    if key.resolve().is_relative_to(folder.resolve()):
        msg = f"the key {key} would lie beside the lists in {folder}, which readers get; keep it elsewhere"
        raise StudyError(msg)
    readers = tuple(dict.fromkeys(item.reader for item in blinded.items))
    paths = [folder / f"{''.join(c if c.isalnum() or c in '-_' else '-' for c in reader)}.csv" for reader in readers]
    if len(set(paths)) < len(paths):
        msg = "two readers' names give the same file name; name them so that letters and digits differ"
        raise StudyError(msg)
    for path in (key, *paths):
        if path.exists():
            msg = f"{path} exists; a list that readers may have begun is never overwritten: choose another place"
            raise StudyError(msg)
    keeper = RunFolder(key.parent)
    keeper.write_with(key, lambda part: _private(part, _key(blinded)))
    for reader, path in zip(readers, paths, strict=True):
        RunFolder(folder).write(path, _list(blinded, reader))
    return tuple(paths)


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")


def _key(blinded: BlindList) -> str:
    return _csv(KEY, [[getattr(item, name) for name in KEY] for item in sorted(blinded.items, key=lambda i: i.code)])


def _list(blinded: BlindList, reader: str) -> str:
    rows = [
        [item.session, (item.session - 1) * blinded.washout_days, item.position, item.code, item.arm, ""]
        for item in blinded.of(reader)
    ]
    return _csv(LIST, rows)


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    return written.getvalue()


def read_key(path: Path) -> dict[str, dict[str, str]]:
    """What each code stands for: case, reader and arm.

    Raises:
        FileProblem, TableProblem: As `read_lines`; a code that is named twice.
    """
    found: dict[str, dict[str, str]] = {}
    for line in read_lines(path, ("code", "reader", "arm", "case")):
        code = line.require("code")
        if code in found:
            msg = f"{line.place}: this code is in the key already"
            raise TableProblem(msg)
        found[code] = {name: line.require(name) for name in ("reader", "arm", "case")}
    return found


def read_cases(path: Path) -> tuple[str, ...]:
    """Identifiers from a CSV with a column `case`.

    Raises:
        FileProblem, TableProblem: As `read_lines`.
    """
    return tuple(line.require("case") for line in read_lines(path, ("case",)))
