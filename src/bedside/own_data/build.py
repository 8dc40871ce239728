"""From a declaration to the study it declares."""

from pathlib import Path
from typing import Any

from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record, Table
from bedside.own_data.assembly import assembled, cohort_of, fingerprint_of
from bedside.own_data.checks import check_roles
from bedside.own_data.declaration import Declaration, FollowUpPart
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
    schema, columns = roles.predictors, declared.columns
    endpoint = endpoint_of(declared)
    return assembled(
        declared,
        fingerprint=fingerprint_of(declared, {"table": {"path"}}),
        source=TableSource(declared, folder, table),
        cohort=cohort_of(declared, _outcome_words(declared), _horizon_words(declared), roles.draw),
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


def endpoint_of(declared: Declaration) -> Endpoint[Any, Any]:
    """The endpoint of the outcome."""
    part, watched = declared.outcome, declared.follow_up
    if watched is not None:
        return time_to_event(
            horizon=watched.horizon,
            unit=watched.unit,
            causes=tuple(cause.name for cause in watched.causes),
            horizons=watched.horizons,
            until=watched.until,
            thresholds=watched.thresholds,
        )
    if part.endpoint == "binary":
        return binary(positive=part.positive, negative=part.negative)
    if part.endpoint == "multiclass":
        return multiclass(classes=part.classes)
    return continuous(unit=part.unit, name=part.column, cuts=part.cuts)


def _outcome_words(declared: Declaration) -> str:
    part, watched = declared.outcome, declared.follow_up
    if watched is not None:
        first, *others = (cause.name for cause in watched.causes)
        against = f"; {' and '.join(others)} compete{'s' if len(others) == 1 else ''} with it" if others else ""
        late = f", watched since {watched.entry!r}" if watched.entry else ""
        return f"{first.capitalize()} as in {part.column!r}, at the time in {watched.time!r}{late}{against}."
    if part.endpoint == "binary":
        return f"{part.positive!r} in the column {part.column!r}, as recorded."
    return f"The column {part.column!r}, as recorded."


def _horizon_words(declared: Declaration) -> str:
    watched = declared.follow_up
    if watched is None:
        return declared.outcome.horizon
    return f"{watched.said(watched.horizon)}; judged until {watched.said(watched.until)}."


def _limits(declared: Declaration) -> tuple[str, ...]:
    found = ["Kinds of columns were inferred from the table; nobody has written a card for these data."]
    if not declared.columns.patient:
        found.append("No patient identifier was named: if patients repeat, the results are too good.")
    if not declared.columns.index_time:
        found.append("No index time was named: that predictors precede the outcome was not checked.")
    if declared.follow_up is not None:
        found += _limits_of_times(declared.follow_up, stated=bool(declared.outcome.horizon))
    elif not declared.outcome.horizon:
        found.append("The horizon of the outcome was not stated.")
    return tuple(found)


def _limits_of_times(part: FollowUpPart, *, stated: bool) -> list[str]:
    found = ["That cases were last seen for reasons that have nothing to do with their risk is assumed, not checked."]
    if not part.unit:
        found.append("The unit of times was not stated.")
    if not stated:
        found.append(
            f"The horizon of {part.said(part.horizon)} was chosen near the median follow-up, for no clinical reason."
        )
    if not part.censored:
        found.append(
            "No case was censored: if those without the event are missing from the table, all risks are too high."
        )
    return found
