"""Readings of the same cases by several readers: read, checked, and laid out by arm, reader and case."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from bedside.data.rows import Line, read_lines
from bedside.errors import OutcomeProblem, StudyError, TableProblem
from bedside.types import Booleans, Floats, Integers

UNAIDED, AIDED = "without", "with"
"""Names of the arms of a study of reading without and with the model."""

LONGEST_ECHO = 4


@dataclass(frozen=True)
class Scale:
    """What a reading may be, and from where on it says "positive".

    Attributes:
        kind: "call" (0 or 1), "rating" (whole numbers) or "probability" (0 to 1).
        low, high: Least and greatest reading.
        threshold: A reading at or above it is a positive call; None where no call may be made of a graded reading.
    """

    kind: Literal["call", "rating", "probability"]
    low: float
    high: float
    threshold: float | None = None

    @property
    def graded(self) -> bool:
        """Whether readings rank the cases beyond yes and no."""
        return self.kind != "call"

    @property
    def words(self) -> str:
        """The scale in words."""
        if self.kind == "call":
            return "calls, 0 or 1"
        what = "probabilities" if self.kind == "probability" else "ratings"
        cut = "no threshold declared" if self.threshold is None else f"positive from {self.threshold:g}"
        return f"{what} from {self.low:g} to {self.high:g}, {cut}"

    def read(self, line: Line) -> float:
        """A reading as a number.

        Raises:
            TableProblem: It is empty, no number, or not of the scale.
        """
        text = line.require("reading")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        known = math.isfinite(value) and (self.kind == "probability" or value == math.floor(value))
        if not (known and self.low <= value <= self.high):
            kind = "a number" if self.kind == "probability" else "a whole number"
            msg = (
                f"{line.place}: reading is {echo(text)} where {kind} from {self.low:g} to {self.high:g} is allowed "
                f"({self.words}); correct it, or declare the scale that was read on"
            )
            raise TableProblem(msg)
        return value

    def call(self, values: Floats) -> Floats:
        """Readings as calls of 0 or 1; NaN stays, and all are NaN without a threshold."""
        if self.threshold is None:
            return np.full_like(values, np.nan)
        return np.where(np.isnan(values), np.nan, (values >= self.threshold).astype(np.float64))


def scale(text: str, threshold: float | None = None) -> Scale:
    """The scale behind "call", "probability", or a range of ratings such as "1-5".

    Raises:
        StudyError: Another word, an empty range, or a threshold outside the range.
    """
    if text == "call":
        if threshold is not None:
            msg = f"calls are 0 or 1 and need no threshold; {threshold:g} was given"
            raise StudyError(msg)
        return Scale("call", 0.0, 1.0, 1.0)
    ranged = re.fullmatch(r"(\d+)-(\d+)", text)
    if text == "probability":
        found = Scale("probability", 0.0, 1.0, threshold)
    elif ranged and int(ranged[1]) < int(ranged[2]):
        found = Scale("rating", float(ranged[1]), float(ranged[2]), threshold)
    else:
        msg = f"scale is {text!r}; give call, probability, or the least and greatest rating such as 1-5"
        raise StudyError(msg)
    if threshold is not None and not found.low < threshold <= found.high:
        msg = f"threshold {threshold:g} leaves one call only; give one above {found.low:g} and up to {found.high:g}"
        raise StudyError(msg)
    return found


@dataclass(frozen=True)
class Reference:
    """The reference standard: truth by case, and the patient of each case.

    Attributes:
        positive: Truth by case.
        patient: Patient by case; empty where each case is its own patient as far as is known.
    """

    positive: Mapping[str, bool]
    patient: Mapping[str, str]


@dataclass(frozen=True)
class ReadingTable:
    """Readings laid out by arm, reader and case.

    Attributes:
        values: Shape (arms, readers, cases), NaN where not read.
        positive: The reference standard, shape (cases,).
        patient: Code of each case's patient, shape (cases,).
        arms, readers, cases: Names, in order.
        scale: What the readings are.
        clustered: Whether some patient has several cases.
    """

    values: Floats
    positive: Booleans
    patient: Integers
    arms: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    scale: Scale

    @property
    def clustered(self) -> bool:
        """Whether some patient has several cases."""
        return int(self.patient.max()) + 1 < self.patient.size

    @property
    def not_crossed(self) -> str:
        """Why not every reader read every case in every arm; "" where they did."""
        return not_crossed(self.values, self.arms, self.readers)


def not_crossed(values: Floats, arms: Sequence[str], readers: Sequence[str]) -> str:
    """Why not every reader read every case in every arm, values being (arms, readers, cases); "" where they did."""
    read = ~np.isnan(values)
    if read.all():
        return ""
    complete = int(read.all(axis=(0, 1)).sum())
    short = [
        f"{reader} ({arm}) {int(read[a, r].sum())}"
        for a, arm in enumerate(arms)
        for r, reader in enumerate(readers)
        if not read[a, r].all()
    ]
    listed = ", ".join(short[:4]) + (f" and {len(short) - 4} more" if len(short) > 4 else "")
    return (
        f"readers read different cases: of {values.shape[2]} cases {listed}; a multi-reader analysis needs every "
        f"reader to read every case once in every arm, which holds for {complete} cases"
    )


def read_reference(path: Path) -> Reference:
    """The reference standard from a CSV of case, truth (0 or 1) and optionally patient.

    Raises:
        FileProblem, TableProblem: As `read_lines`; a case named twice, a truth other than 0 and 1.
    """
    lines = read_lines(path, ("case", "truth"), ("patient",))
    positive: dict[str, bool] = {}
    patient: dict[str, str] = {}
    for line in lines:
        case = line.require("case")
        if case in positive:
            msg = f"{line.place}: this case has a truth already; give each case once"
            raise TableProblem(msg)
        positive[case] = _truth(line)
        if "patient" in line.cells:
            patient[case] = line.require("patient")
    return Reference(positive, patient)


def echo(text: str) -> str:
    """A short cell as it stands; a longer one may be a name or a note and is not repeated."""
    return repr(text) if len(text) <= LONGEST_ECHO else f"text of {len(text)} characters"


def _truth(line: Line) -> bool:
    text = line.require("truth")
    if text not in {"0", "1"}:
        msg = (
            f"{line.place}: truth is {echo(text)} where 1 (has the condition) or 0 is allowed; readings in unordered "
            "categories are declared (--categories)"
        )
        raise TableProblem(msg)
    return text == "1"


def read_readings(
    paths: Sequence[Path],
    scale: Scale,
    *,
    reference: Reference | None = None,
    key: Mapping[str, Mapping[str, str]] | None = None,
) -> ReadingTable:
    """Readings from CSV files of case, reader, reading and optionally arm, truth and patient.

    Args:
        paths: One file, or one a reader.
        scale: What was read on.
        reference: The truth of every case that was read; None where the files have a truth column.
        key: What each code of a blinded list stands for (case, reader, arm); the files then have code and reading.

    Raises:
        FileProblem, TableProblem: As `read_lines`; a reading given twice or not of the scale, a case without truth.
        OutcomeProblem: No case, or every case, has the condition, or a case is given two truths.
    """
    wanted = ("code", "reading") if key is not None else ("case", "reader", "reading")
    rows: dict[tuple[str, str, str], float] = {}
    truths: dict[str, bool] = {}
    patients: dict[str, str] = {}
    for path in paths:
        lines = read_lines(path, wanted, () if key is not None else ("arm", "truth", "patient"))
        if "truth" in lines[0].cells and reference is not None:
            msg = f"{path} has a truth column beside the reference standard; give the truth once"
            raise TableProblem(msg)
        for line in lines:
            named = named_reading(line, key)
            if named in rows:
                msg = f"{line.place}: this reader has read this case in this arm already; keep one reading"
                raise TableProblem(msg)
            rows[named] = scale.read(line)
            _note(line, named[2], truths, patients)
    known = reference if reference is not None else Reference(truths, patients)
    if not known.positive:
        msg = "there is no reference standard; give a file of case and truth, or a truth column beside the readings"
        raise TableProblem(msg)
    return _laid_out(rows, known, scale)


def named_reading(line: Line, key: Mapping[str, Mapping[str, str]] | None) -> tuple[str, str, str]:
    """Arm, reader and case of a line."""
    if key is None:
        arm = line.require("arm") if "arm" in line.cells else UNAIDED
        return arm, line.require("reader"), line.require("case")
    found = key.get(line.require("code"))
    if found is None:
        msg = f"{line.place}: this code is not in the key; give the key that was written with the list"
        raise TableProblem(msg)
    return found["arm"], found["reader"], found["case"]


def _note(line: Line, case: str, truths: dict[str, bool], patients: dict[str, str]) -> None:
    if "truth" in line.cells:
        truth = _truth(line)
        if truths.setdefault(case, truth) != truth:
            msg = f"{line.place}: this case is given as positive and as negative; give one truth"
            raise OutcomeProblem(msg)
    note_patient(line, case, patients)


def note_patient(line: Line, case: str, patients: dict[str, str]) -> None:
    """Remember a case's patient; raises TableProblem where it was another one before."""
    if "patient" in line.cells:
        patient = line.require("patient")
        if patients.setdefault(case, patient) != patient:
            msg = f"{line.place}: this case is given two patients; give one"
            raise TableProblem(msg)


class Layout(NamedTuple):
    """Readings by arm, reader and case, (arms, readers, cases), and the code of each case's patient."""

    values: Floats
    patient: Integers
    arms: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]


def lay_out(
    rows: Mapping[tuple[str, str, str], float], known: Collection[str], patient_of: Mapping[str, str]
) -> Layout:
    """Readings by (arm, reader, case) as an array, NaN where not read.

    Args:
        rows: The readings.
        known: Cases of the reference standard.
        patient_of: Patient by case; empty where each case is its own patient as far as is known.

    Raises:
        TableProblem: A case that was read is not known, or has no patient while others have one.
    """
    arms = tuple(sorted({arm for arm, _, _ in rows}, key=lambda arm: (arm != AIDED, arm)))
    readers = tuple(sorted({reader for _, reader, _ in rows}))
    cases = tuple(sorted({case for _, _, case in rows}))
    unknown = sum(case not in known for case in cases)
    if unknown:
        msg = (
            f"{unknown} of {len(cases)} cases that were read are not in the reference standard; give their truth, or "
            "leave out their readings (are the identifiers written alike in both files?)"
        )
        raise TableProblem(msg)
    homeless = sum(case not in patient_of for case in cases)
    if patient_of and homeless:
        msg = f"{homeless} of {len(cases)} cases have no patient; name one for every case, or for none"
        raise TableProblem(msg)
    patient = np.unique([patient_of.get(case, case) for case in cases], return_inverse=True)[1]
    values = np.full((len(arms), len(readers), len(cases)), np.nan)
    place = [{name: k for k, name in enumerate(names)} for names in (arms, readers, cases)]
    for (arm, reader, case), value in rows.items():
        values[place[0][arm], place[1][reader], place[2][case]] = value
    return Layout(values, patient.astype(np.int64), arms, readers, cases)


def _laid_out(rows: Mapping[tuple[str, str, str], float], reference: Reference, scale: Scale) -> ReadingTable:
    found = lay_out(rows, reference.positive, reference.patient)
    positive = np.array([reference.positive[case] for case in found.cases], dtype=np.bool_)
    if positive.all() or not positive.any():
        msg = (
            f"{int(positive.sum())} of the {positive.size} cases that were read have the condition; readers can be "
            "judged only on cases with and without it"
        )
        raise OutcomeProblem(msg)
    return ReadingTable(found.values, positive, found.patient, found.arms, found.readers, found.cases, scale)
