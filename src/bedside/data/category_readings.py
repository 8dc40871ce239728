"""Readings in unordered categories (rhythm, type of lesion): read strictly, each label being one of those declared."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bedside.data.readings import echo, lay_out, named_reading, not_crossed, note_patient
from bedside.data.rows import Line, read_lines
from bedside.errors import OutcomeProblem, StudyError, TableProblem
from bedside.types import Floats, Integers

NO_MAJORITY = "no majority"
"""What a panel said where categories tie for the most votes; its own outcome, never right."""

MOST_UNDECLARED = 20


@dataclass(frozen=True)
class CategoryReference:
    """The reference standard: category by case, and the patient of each case.

    Attributes:
        category: Label by case.
        patient: Patient by case; empty where each case is its own patient as far as is known.
    """

    category: Mapping[str, str]
    patient: Mapping[str, str]


@dataclass(frozen=True)
class CategoryTable:
    """Readings in categories laid out by arm, reader and case.

    Attributes:
        values: Numbers of categories, shape (arms, readers, cases), NaN where not read.
        truth: The reference standard as numbers of categories, shape (cases,).
        patient: Code of each case's patient, shape (cases,).
        arms, readers, cases: Names, in order.
        categories: What a reading may be; their order means nothing.
    """

    values: Floats
    truth: Integers
    patient: Integers
    arms: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def clustered(self) -> bool:
        """Whether some patient has several cases."""
        return int(self.patient.max()) + 1 < self.patient.size

    @property
    def not_crossed(self) -> str:
        """Why not every reader read every case in every arm; "" where they did."""
        return not_crossed(self.values, self.arms, self.readers)

    @property
    def words(self) -> str:
        """What a reading is, in words."""
        return f"unordered categories: {', '.join(self.categories)}"


def declared(names: Sequence[str]) -> tuple[str, ...]:
    """Categories as declared.

    Raises:
        StudyError: Fewer than two, an empty one, two that are written alike, or one that is kept for ties.
    """
    found = tuple(name.strip() for name in names)
    if len(found) < 2 or not all(found):
        msg = f"{len(found)} names of categories, {sum(not name for name in found)} of them empty; give two or more"
        raise StudyError(msg)
    spelled: dict[str, str] = {_plain(NO_MAJORITY): NO_MAJORITY}
    for name in found:
        other = spelled.get(_plain(name))
        if other == NO_MAJORITY:
            msg = f"{NO_MAJORITY!r} is kept for ties of a panel; give the category another name"
            raise StudyError(msg)
        if other is not None:
            msg = f"categories {other!r} and {name!r} differ in their spelling at most; give each once"
            raise StudyError(msg)
        spelled[_plain(name)] = name
    return found


def _plain(name: str) -> str:
    """A label without case, blanks and signs, for recognising other spellings."""
    return re.sub(r"[\W_]+", "", name).casefold() or name


def label(line: Line, column: str, categories: Sequence[str]) -> str:
    """A cell that names a category.

    Raises:
        TableProblem: It is empty or names none; where it is another spelling of one, that one is said.
    """
    text = line.require(column)
    if text in categories:
        return text
    alike = next((name for name in categories if _plain(name) == _plain(text)), None)
    if alike is not None:
        msg = f"{line.place}: {column} is {alike!r} in another spelling; write it as {alike!r} throughout"
    else:
        msg = (
            f"{line.place}: {column} is {echo(text)}, which is none of {', '.join(map(repr, categories))}; correct it, "
            "or declare every category that may be read (--categories)"
        )
    raise TableProblem(msg)


def in_words(paths: Sequence[Path]) -> bool:
    """Whether the files' truth column, if there is one, has at least three different labels, none of them a number."""
    found = {line.cells.get("truth", "") for path in paths for line in read_lines(path, (), ("truth",))} - {""}
    return len(found) > 2 and not any(re.fullmatch(r"[-+.\d]+", text) for text in found)


def read_category_reference(path: Path, categories: Sequence[str] = ()) -> CategoryReference:
    """The reference standard from a CSV of case, truth (a category) and optionally patient.

    Raises:
        FileProblem, TableProblem: As `read_lines`; a case named twice, a truth that is none of the categories.
        StudyError: Undeclared categories that differ in their spelling at most, or are too many to be categories.
    """
    category: dict[str, str] = {}
    patient: dict[str, str] = {}
    lines = read_lines(path, ("case", "truth"), ("patient",))
    names = categories or _found([line.require("truth") for line in lines])
    for line in lines:
        case = line.require("case")
        if case in category:
            msg = f"{line.place}: this case has a truth already; give each case once"
            raise TableProblem(msg)
        category[case] = label(line, "truth", names)
        if "patient" in line.cells:
            patient[case] = line.require("patient")
    return CategoryReference(category, patient)


def _found(labels: Sequence[str]) -> tuple[str, ...]:
    """Categories that were not declared: the labels of the reference standard, sorted."""
    names = sorted(set(labels))
    if len(names) > MOST_UNDECLARED:
        msg = (
            f"the reference standard has {len(names)} different labels; above {MOST_UNDECLARED} they are taken as "
            "categories only where they are declared (--categories)"
        )
        raise StudyError(msg)
    return declared(names)


def read_category_readings(
    paths: Sequence[Path],
    categories: Sequence[str] = (),
    *,
    reference: CategoryReference | None = None,
    key: Mapping[str, Mapping[str, str]] | None = None,
) -> CategoryTable:
    """Readings from CSV files of case, reader, reading (a category) and optionally arm, truth and patient.

    Args:
        paths: One file, or one a reader.
        categories: What a reading may be; where none are declared, the labels of the reference standard.
        reference: The truth of every case that was read; None where the files have a truth column.
        key: What each code of a blinded list stands for (case, reader, arm); the files then have code and reading.

    Raises:
        FileProblem, TableProblem: As `read_lines`; a reading given twice or of no category, a case without truth.
        StudyError: Categories that cannot be told apart.
        OutcomeProblem: All cases are of one category, or a case is given two truths.
    """
    wanted = ("code", "reading") if key is not None else ("case", "reader", "reading")
    optional = () if key is not None else ("arm", "truth", "patient")
    lines = [line for path in paths for line in read_lines(path, wanted, optional)]
    known = _known(lines, categories, reference, key)
    names = declared(categories) if categories else _found(list(known.category.values()))
    number = {name: k for k, name in enumerate(names)}
    rows: dict[tuple[str, str, str], float] = {}
    for line in lines:
        named = named_reading(line, key)
        if named in rows:
            msg = f"{line.place}: this reader has read this case in this arm already; keep one reading"
            raise TableProblem(msg)
        rows[named] = float(number[label(line, "reading", names)])
    found = lay_out(rows, known.category, known.patient)
    strange = sorted({known.category[case] for case in found.cases} - set(names))
    if strange:
        msg = f"the reference standard has {', '.join(map(repr, strange))}, which is not declared; declare it too"
        raise StudyError(msg)
    truth = np.array([number[known.category[case]] for case in found.cases], dtype=np.int64)
    if np.unique(truth).size < 2:
        msg = f"all {truth.size} cases that were read are of one category; readers can be judged on two or more only"
        raise OutcomeProblem(msg)
    return CategoryTable(found.values, truth, found.patient, found.arms, found.readers, found.cases, names)


def _known(
    lines: Sequence[Line],
    categories: Sequence[str],
    reference: CategoryReference | None,
    key: Mapping[str, Mapping[str, str]] | None,
) -> CategoryReference:
    """The reference standard as given, or from the truth column of the readings."""
    told = [line for line in lines if "truth" in line.cells]
    if told and reference is not None:
        msg = f"{told[0].path} has a truth column beside the reference standard; give the truth once"
        raise TableProblem(msg)
    names = categories or _found([line.require("truth") for line in told]) if told else ()
    truths: dict[str, str] = {}
    patients: dict[str, str] = {}
    for line in lines:
        case = named_reading(line, key)[2]
        if "truth" in line.cells and truths.setdefault(case, label(line, "truth", names)) != line.cells["truth"]:
            msg = f"{line.place}: this case is given two categories as truth; give one"
            raise OutcomeProblem(msg)
        note_patient(line, case, patients)
    known = reference if reference is not None else CategoryReference(truths, patients)
    if not known.category:
        msg = "there is no reference standard; give a file of case and truth, or a truth column beside the readings"
        raise TableProblem(msg)
    return known
