"""From a declaration to the study it declares."""

from pathlib import Path
from typing import Any

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record, Table
from bedside.own_data.assembly import assembled, cohort_of, fingerprint_of
from bedside.own_data.checks import check_roles
from bedside.own_data.declaration import Declaration, OutcomePart
from bedside.own_data.learners import learner
from bedside.own_data.roles import Roles
from bedside.own_data.source import TableSource
from bedside.study.declare import Study


def build(declared: Declaration, folder: Path, *, table: Table | None = None) -> Study[Record, Record, Any, Any]:
    """The study of a declaration whose table's path starts from `folder`.

    Args:
        declared: What study.toml says.
        folder: Where the toml lies.
        table: The table, where it was read already.

    Raises:
        StudyError: Parts of the declaration contradict each other.
    """
    check_roles(declared)
    roles = Roles(declared)
    schema, part, columns = roles.predictors, declared.outcome, declared.columns
    endpoint = endpoint_of(part)
    return assembled(
        declared,
        fingerprint=fingerprint_of(declared, {"table": {"path"}}),
        source=TableSource(declared, folder, table),
        cohort=cohort_of(declared, _outcome_words(part), part.horizon, roles.draw),
        modality=tabular(schema),
        endpoint=endpoint,
        learner=lambda name: learner(name, endpoint, schema, trials=declared.study.trials),
        identity=(
            f"rows of one patient share the column {columns.patient!r}"
            if columns.patient
            else "no patient identifier was named; each row is taken for another patient"
        ),
        limits=_limits(declared),
        explainers=EXPLAINERS,
    )


def endpoint_of(part: OutcomePart) -> Endpoint[Any, Any]:
    """The endpoint of an outcome."""
    if part.endpoint == "binary":
        return binary(positive=part.positive, negative=part.negative)
    if part.endpoint == "multiclass":
        return multiclass(classes=part.classes)
    return continuous(unit=part.unit, name=part.column, cuts=part.cuts)


def _outcome_words(part: OutcomePart) -> str:
    if part.endpoint == "binary":
        return f"{part.positive!r} in the column {part.column!r}, as recorded."
    return f"The column {part.column!r}, as recorded."


def _limits(declared: Declaration) -> tuple[str, ...]:
    found = ["Kinds of columns were inferred from the table; nobody has written a card for these data."]
    if not declared.columns.patient:
        found.append("No patient identifier was named: if patients repeat, the results are too good.")
    if not declared.columns.index_time:
        found.append("No index time was named: that predictors precede the outcome was not checked.")
    if not declared.outcome.horizon:
        found.append("The horizon of the outcome was not stated.")
    return tuple(found)
