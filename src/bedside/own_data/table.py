"""A study from one table and the name of its outcome."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedside.data.tuning_plan import SMALL
from bedside.errors import StudyError
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.inference import infer
from bedside.modalities.tabular.reading import Format, read
from bedside.modalities.tabular.table import Record, Table
from bedside.modalities.tabular.words import plain_name
from bedside.own_data.build import build
from bedside.own_data.checks import check_names
from bedside.own_data.declaration import (
    ColumnsPart,
    Declaration,
    FollowUpPart,
    LearnersPart,
    OutcomePart,
    PredictorPart,
    StudyPart,
    TablePart,
    ValidationPart,
)
from bedside.own_data.follow_up import Watch, follow_up_of
from bedside.own_data.leakage import leakage_notes
from bedside.own_data.learners import COMPARATORS, COMPARATORS_OF_TIMES, MODEL
from bedside.own_data.notes import column_notes
from bedside.own_data.outcome import Kind, outcome_of
from bedside.own_data.source import TableSource, sha256_of
from bedside.own_data.subgroups import subgroup_of
from bedside.own_data.text import relative
from bedside.own_data.toml import render
from bedside.study.declare import Study


@dataclass(frozen=True)
class TableStudy:
    """A study made from a table.

    Attributes:
        study: Ready to run.
        declaration: All that was inferred and chosen.
        path: The table.
        notes: What a person should read before training: suspected leaks first, then choices, then columns.
        seed: The seed that study.toml names.
    """

    study: Study[Record, Record, Any, Any]
    declaration: Declaration
    path: Path
    notes: tuple[str, ...]

    @property
    def seed(self) -> int:
        """The seed that study.toml names."""
        return self.declaration.study.seed

    @property
    def toml(self) -> str:
        """The study as an editable study.toml that names the table by its whole path."""
        return render(self._with_path(self.path.resolve().as_posix()), self.notes)

    def toml_for(self, folder: Path) -> str:
        """The same for a study.toml in `folder`, which names the table from there."""
        return render(self._with_path(relative(self.path, folder)), self.notes)

    def _with_path(self, path: str) -> Declaration:
        table = self.declaration.table.model_copy(update={"path": path})
        return self.declaration.model_copy(update={"table": table})


def study_from_table(  # noqa: PLR0913 - one parameter for each thing a person may know about a table
    path: Path | str,
    *,
    outcome: str | None = None,
    watch: Watch | None = None,
    patient: str | None = None,
    site: str | None = None,
    subgroups: Sequence[str] = (),
    index_time: str | None = None,
    horizon: str = "",
    positive: str | None = None,
    endpoint: Kind | None = None,
    exclude: Sequence[str] = (),
    differs_within_patient: bool = False,
    trials: int = 10,
    seed: int = 0,
    name: str = "",
    question: str = "",
    form: Format | None = None,
) -> TableStudy:
    """A study of a CSV or Parquet file; kinds of columns, endpoint and validations are inferred and told.

    Args:
        path: The table, one row a case.
        outcome: Column that is predicted; None where that is a time to an event.
        watch: The columns of a time to an event; None where the outcome is one column.
        patient: Column that identifies patients, when they repeat.
        site: Column of the hospital or unit; adds leave-site-out, and is no predictor.
        subgroups: Columns by which every measure is broken down; numbers are banded.
        index_time: Column of the moment of prediction; adds a temporal validation.
        horizon: When the outcome is judged, in words; of a time to an event the time of the primary measure.
        positive: Value of the outcome that means the event; of several causes the one of interest.
        endpoint: Kind of outcome, when it should not be inferred.
        exclude: Columns that are not predictors.
        differs_within_patient: Each row is an encounter with an outcome of its own.
        trials: Settings tried for each learner.
        seed: The seed that study.toml names.
        name: Name of the study; made from the file's when empty.
        question: The clinical question; made from the outcome's name when empty.
        form: Encoding and separator, when they should not be found out.

    Raises:
        DataError: The file, its columns, its outcomes or its size do not allow a study.
        StudyError: Columns have roles that exclude each other, or not one of `outcome` and `watch` is given.
    """
    _check_kind(outcome, watch, endpoint)
    path = Path(path)
    reading = read(path, form)
    table = reading.table
    asked = {"the outcome": outcome, "the patient": patient, "the site": site, "the index time": index_time}
    if watch is not None:
        asked |= {"the event": watch.event, "the time": watch.time, "the entry": watch.entry or None}
    roles = [(role, column) for role, column in asked.items() if column is not None]
    roles += [("a subgroup", column) for column in subgroups] + [("excluded", column) for column in exclude]
    check_names(table.frame.columns, iter(roles))
    for role in ("the outcome", "the event", "the time", "the entry"):
        if asked.get(role) in exclude:
            msg = f"{role} {asked[role]!r} is excluded; exclude other columns, or name another {role.split()[1]}"
            raise StudyError(msg)
    found = infer(Table(table.frame.drop([column for column in exclude if column not in asked.values()])))
    kind: Kind | None = "binary" if endpoint is None and positive is not None else endpoint
    follow_up: FollowUpPart | None = None
    if watch is not None:
        _check_apart(watch)
        times = {name: found[name] for name in (watch.time, watch.entry) if name}
        outcome_part, follow_up, outcome_notes = follow_up_of(
            table, found[watch.event], times, watch, positive=positive, horizon=horizon
        )
        outcome_part = outcome_part.model_copy(update={"differs_within_patient": differs_within_patient})
    else:
        outcome_part, outcome_notes = outcome_of(
            table,
            found[outcome or ""],
            endpoint=kind,
            positive=positive,
            horizon=horizon,
            differs_within_patient=differs_within_patient,
        )
    taken = {column for column in asked.values() if column is not None}
    schema = found.schema(without=taken)
    bands = {column: subgroup_of(table, found[column]) for column in subgroups}
    columns = ColumnsPart(patient=patient or "", site=site or "", index_time=index_time or "")
    form = reading.form
    declared = Declaration(
        format=1,
        study=StudyPart(
            name=name or _study_name(path),
            question=question or _question(outcome_part, follow_up, path),
            intended_use="Not stated: say who would use the answer, for whom, and at which moment.",
            eligibility=f"Every row of {path.name} whose {'time and event are' if follow_up else 'outcome is'} known.",
            trials=trials,
            seed=seed,
        ),
        table=TablePart(
            path=path.name,
            sha256=sha256_of(path),
            encoding=form.encoding,
            separator=form.separator,
            decimal=form.decimal,
        ),
        outcome=outcome_part,
        follow_up=follow_up,
        columns=columns,
        validations=_validations(table, outcome_part, columns),
        learners=_learners(follow_up),
        subgroups=bands,
        predictors={column.name: _predictor(column) for column in schema.columns},
        set_aside={
            **{column.name: column.reason for column in found.set_aside if column.name not in taken},
            **dict.fromkeys((column for column in exclude if column not in taken), "excluded as asked"),
        },
    )
    study = build(declared, path.parent, table=table)
    # Every check that needs no training is made now: nothing is half-begun when the table does not allow the study.
    prepared = cast("TableSource", study.source).table
    notes = (
        *leakage_notes(declared, prepared, found),
        *reading.notes,
        *outcome_notes,
        *_validation_notes(declared),
        *column_notes(found, taken),
    )
    return TableStudy(study, declared, path, notes)


def _check_kind(outcome: str | None, watch: Watch | None, endpoint: Kind | None) -> None:
    if (outcome is None) == (watch is None):
        received = "both" if watch is not None else "neither"
        msg = f"a table needs an outcome, or the time and the event of one; received {received}: give one"
        raise StudyError(msg)
    if watch is not None and endpoint is not None:
        msg = f"a time and an event make a time to an event, and endpoint {endpoint!r} another outcome; leave one out"
        raise StudyError(msg)


def _check_apart(watch: Watch) -> None:
    names = [name for name in (watch.time, watch.event, watch.entry) if name]
    if len(set(names)) < len(names):
        msg = f"time, event and entry are different columns; received {', '.join(map(repr, names))}"
        raise StudyError(msg)


def _question(part: OutcomePart, follow_up: FollowUpPart | None, path: Path) -> str:
    if follow_up is None:
        return f"Can {part.column!r} be predicted from the other columns of {path.name}?"
    cause, horizon = follow_up.causes[0].name, follow_up.said(follow_up.horizon)
    asked = "an event" if cause == "event" else cause
    return f"How likely is {asked} by {horizon}, and when, as the other columns of {path.name} tell?"


def _learners(follow_up: FollowUpPart | None) -> LearnersPart:
    """The learners of such an outcome; the primary comparator is the first that uses predictors."""
    if follow_up is None:
        return LearnersPart(model=MODEL, comparators=COMPARATORS, primary_comparator=COMPARATORS[0])
    return LearnersPart(model=MODEL, comparators=COMPARATORS_OF_TIMES, primary_comparator=COMPARATORS_OF_TIMES[1])


def _study_name(path: Path) -> str:
    plain = re.sub(r"[^a-z0-9_]", "", plain_name(path.stem))
    return plain if plain[:1].isalpha() else f"table_{plain}".rstrip("_")


def _predictor(column: Column) -> PredictorPart:
    return PredictorPart(kind=column.kind, unit=column.unit, categories=column.categories, missing=column.missing)


def _validations(table: Table, outcome: OutcomePart, columns: ColumnsPart) -> tuple[ValidationPart, ...]:
    """Small tables are cross-validated first; large ones have patients enough for a holdout."""
    if columns.patient:
        patients = table.frame.get_column(columns.patient).drop_nulls().n_unique()
    else:
        cells = table.restricted(Schema((outcome.as_column(),))).frame.get_column(outcome.column)
        patients = len(cells) - cells.null_count()
    holdout = ValidationPart(kind="holdout", development=0.70, tuning=0.15, test=0.15)
    crossed = ValidationPart(kind="cross_validation", folds=5, repeats=2)
    found = [crossed, holdout] if patients < SMALL else [holdout]
    if columns.site:
        found.append(ValidationPart(kind="leave_site_out"))
    if columns.index_time:
        found.append(ValidationPart(kind="temporal", test_fraction=0.2))
    return tuple(found)


def _validation_notes(declared: Declaration) -> list[str]:
    kinds = [part.kind.replace("_", " ") for part in declared.validations]
    return [f"validation: {kinds[0]} is primary" + (f"; also {', '.join(kinds[1:])}" if kinds[1:] else "")]
