"""Whether a table fits the study that was declared on it; every misfit is one clear sentence."""

from collections.abc import Iterator, Sequence

import polars as pl

from bedside.errors import CohortProblem, OutcomeProblem, StudyError, TableProblem
from bedside.modalities.tabular.column import nearest_name
from bedside.modalities.tabular.dates import moments
from bedside.modalities.tabular.table import Table
from bedside.own_data.declaration import Declaration
from bedside.own_data.follow_up_checks import (
    check_enough_events,
    check_follow_up,
    check_one_row_each,
    with_follow_up,
)
from bedside.own_data.roles import Roles


def check_names(names: Sequence[str], asked: Iterator[tuple[str, str]]) -> None:
    """Raise TableProblem, with the nearest name, for the first (role, column) that the table does not have."""
    for role, name in asked:
        if name not in names:
            msg = f"the table has no column {name!r} ({role}); {nearest_name(name, names)}"
            raise TableProblem(msg)


def check_roles(declared: Declaration) -> None:
    """Raise StudyError where a column has two roles that exclude each other."""
    columns = declared.columns
    taken = {"outcome": declared.outcome.column}
    if declared.follow_up is not None:
        taken |= {"time": declared.follow_up.time} | (
            {"entry": declared.follow_up.entry} if declared.follow_up.entry else {}
        )
    taken |= {role: name for role, name in columns.model_dump().items() if name}
    for role, name in taken.items():
        if name in declared.predictors:
            msg = f"column {name!r} is the {role.replace('_', ' ')} and cannot be a predictor too"
            raise StudyError(msg)
    for role, name in taken.items():
        others = [other.replace("_", " ") for other, column in taken.items() if column == name and other != role]
        if others and "site" not in (role, *others):
            msg = f"column {name!r} cannot be both {role.replace('_', ' ')} and {others[0]}"
            raise StudyError(msg)
    for role in ("outcome", "time", "entry"):
        if taken.get(role) in declared.subgroups:
            msg = f"the {role} {taken[role]!r} cannot be a subgroup; measures within one outcome say nothing"
            raise StudyError(msg)
    check_follow_up(declared.outcome, declared.follow_up)


def prepare(declared: Declaration, table: Table) -> Table:
    """The table with its index time as moments, after every check that needs no training.

    Raises:
        TableProblem: A declared column is absent, all missing, or holds what its kind does not allow.
        OutcomeProblem: Outcomes are unknown words, all missing, of one class, or contradict each other.
        CohortProblem: Fewer patients than folds.
    """
    check_names(table.frame.columns, _declared_names(declared))
    when = declared.columns.index_time
    if when:
        table = Table(table.frame.with_columns(moments(table.frame.get_column(when)).alias(when)))
    roles = Roles(declared)
    predictors = table.restricted(roles.predictors).frame
    empty = [name for name in predictors.columns if predictors.get_column(name).null_count() == predictors.height]
    if empty:
        msg = f"predictor(s) {', '.join(map(repr, empty))} are missing in every row; take them out of [predictors]"
        raise TableProblem(msg)
    others = table.restricted(roles.others).frame
    if declared.follow_up is not None:
        others = with_follow_up(declared.outcome, declared.follow_up, others)
    else:
        _check_outcomes(declared, others.get_column(declared.outcome.column))
    known = _known(declared, table, others)
    _check_contradictions(declared, known)
    _check_size(declared, known)
    return table


def _declared_names(declared: Declaration) -> Iterator[tuple[str, str]]:
    yield "the outcome", declared.outcome.column
    yield from (("a time", column.name) for column in (declared.follow_up.as_columns() if declared.follow_up else ()))
    for role, name in declared.columns.model_dump().items():
        if name:
            yield role.replace("_", " "), name
    yield from (("a subgroup", name) for name in declared.subgroups)
    yield from (("a validation", part.column) for part in declared.validations if part.column)
    yield from (("a predictor", name) for name in declared.predictors)


def _check_outcomes(declared: Declaration, cells: pl.Series) -> None:
    part = declared.outcome
    known = cells.drop_nulls()
    if known.is_empty():
        msg = f"the outcome {part.column!r} is missing in all {len(cells)} rows; name another column"
        raise OutcomeProblem(msg)
    words = list(part.classes) if part.endpoint == "multiclass" else [part.negative, part.positive]
    if part.endpoint != "continuous":
        strange = int((~known.is_in(words)).sum())
        if strange:
            msg = (
                f"the outcome {part.column!r} is none of {', '.join(map(repr, words))} in {strange} of {len(cells)} "
                "rows; recode them, or list their value under missing in [outcome]"
            )
            raise OutcomeProblem(msg)
    if known.n_unique() == 1:
        msg = f"the outcome {part.column!r} is the same in all rows where it is known; nothing can be learned from it"
        raise OutcomeProblem(msg)


def _known(declared: Declaration, table: Table, others: pl.DataFrame) -> pl.DataFrame:
    """Patient, moment and outcome of the rows that will be studied."""
    columns = declared.columns
    made = [others.get_column(declared.outcome.column).alias("outcome")]
    rows = pl.Series(range(others.height))
    made.append((others.get_column(columns.patient) if columns.patient else rows).alias("patient"))
    if columns.index_time:
        made.append(table.frame.get_column(columns.index_time).alias("moment"))
    return pl.DataFrame(made).drop_nulls()


def _check_contradictions(declared: Declaration, known: pl.DataFrame) -> None:
    part, columns = declared.outcome, declared.columns
    if not columns.patient or (part.endpoint == "continuous" and not columns.index_time):
        return
    keys = ["patient", *(["moment"] if columns.index_time else [])]
    differing = known.group_by(keys).agg(pl.col("outcome").n_unique().alias("outcomes")).filter(pl.col("outcomes") > 1)
    count = differing.get_column("patient").n_unique()
    if declared.follow_up is not None and not columns.index_time and not part.differs_within_patient:
        check_one_row_each(known.get_column("patient"))
    if not count:
        return
    if columns.index_time:
        msg = (
            f"{count} patient(s) have contradicting values of the outcome {part.column!r} at the same "
            f"{columns.index_time!r}; correct the table, or remove what is wrong"
        )
        raise OutcomeProblem(msg)
    if not part.differs_within_patient:
        msg = (
            f"{count} patient(s) have rows with contradicting values of the outcome {part.column!r} and no index time "
            "tells the rows apart; name the column of the index time (--index-time), correct the table, or, where "
            "each row is an encounter with an outcome of its own, say so (--encounters, or differs_within_patient in "
            "study.toml)"
        )
        raise OutcomeProblem(msg)


def _check_size(declared: Declaration, known: pl.DataFrame) -> None:
    patients = known.get_column("patient").n_unique()
    if patients == 1:
        msg = "only one patient has a known outcome; a study needs many, each patient stands on one side of a split"
        raise CohortProblem(msg)
    for validation in declared.validations:
        folds = (validation.folds or 5) if validation.kind == "cross_validation" else 0
        if patients < folds:
            msg = f"{patients} patients cannot be divided into {folds} folds; use fewer folds or more patients"
            raise CohortProblem(msg)
        if folds and declared.follow_up is not None:
            check_enough_events(known, declared.follow_up.causes[0].name, folds)
        elif folds and declared.outcome.endpoint != "continuous":
            rarest = int(known.group_by("outcome").agg(pl.col("patient").n_unique()).get_column("patient").min() or 0)  # type: ignore[arg-type]
            if rarest < folds:
                msg = (
                    f"the rarest value of the outcome {declared.outcome.column!r} occurs in {rarest} patient(s), fewer "
                    f"than the {folds} folds; use fewer folds, merge outcomes or find more patients"
                )
                raise CohortProblem(msg)
