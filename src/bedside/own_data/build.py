"""From a declaration to the study it declares."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from bedside.data.cohort import Cohort
from bedside.data.split import Validation
from bedside.data.validation import CrossValidation, Holdout, LearningCurve, LeaveSiteOut, Predefined, Temporal
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.kind import multiclass
from bedside.errors import StudyError
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.column import nearest_name
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record, Table
from bedside.own_data.checks import check_roles
from bedside.own_data.declaration import ColumnsPart, Declaration, OutcomePart, ValidationPart
from bedside.own_data.learners import learner
from bedside.own_data.roles import Roles
from bedside.own_data.source import TableSource
from bedside.study.declare import Study

_KINDS: Mapping[str, tuple[Callable[..., Validation], tuple[str, ...]]] = {
    "cross_validation": (CrossValidation, ("folds", "repeats", "inner")),
    "holdout": (Holdout, ("development", "tuning", "test", "inner")),
    "leave_site_out": (LeaveSiteOut, ("inner",)),
    "temporal": (Temporal, ("test_fraction", "inner")),
    "predefined": (Predefined, ("column",)),
    "learning_curve": (LearningCurve, ("shares", "test", "inner")),
}


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
    names = (declared.learners.model, *declared.learners.comparators)
    model, *comparators = (learner(name, endpoint, schema, trials=declared.study.trials) for name in names)
    return Study(
        name=declared.study.name,
        fingerprint=_fingerprint(declared),
        question=declared.study.question,
        intended_use=declared.study.intended_use,
        source=TableSource(declared, folder, table),
        cohort=Cohort(
            eligibility=declared.study.eligibility,
            outcome=_outcome_words(part),
            horizon=part.horizon or "not stated",
            draw=roles.draw,
        ),
        modality=tabular(schema),
        endpoint=endpoint,
        model=model,
        comparators=tuple(comparators),
        validations=tuple(validation_of(one, columns) for one in declared.validations),
        subgroups=tuple(declared.subgroups),
        primary_measure=declared.study.primary_measure,
        primary_comparator=declared.learners.primary_comparator,
        margin=declared.study.margin,
        group_margin=declared.study.group_margin,
        minimum_group=declared.study.minimum_group,
        smallest_cell=declared.study.smallest_cell,
        trials=declared.study.trials,
        bootstrap=declared.study.bootstrap,
        identity=(
            f"rows of one patient share the column {columns.patient!r}"
            if columns.patient
            else "no patient identifier was named; each row is taken for another patient"
        ),
        limits=_limits(declared),
        title=declared.study.name.replace("_", " ").capitalize(),
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


def validation_of(part: ValidationPart, columns: ColumnsPart) -> Validation:
    """The validation that a part declares; raises StudyError where it lacks a column or has a setting of another."""
    make, allowed = _KINDS[part.kind]
    settings = part.model_dump(exclude={"kind"}, exclude_none=True)
    for name in settings:
        if name not in allowed:
            msg = f"validation {part.kind!r} has no setting {name!r}; {nearest_name(name, allowed)}"
            raise StudyError(msg)
    if part.kind == "leave_site_out":
        if not columns.site:
            msg = "leave_site_out needs the column of the site; name it as site under [columns]"
            raise StudyError(msg)
        return make(attribute=columns.site, **settings)
    if part.kind == "temporal" and not columns.index_time:
        msg = "a temporal validation needs an index time; name its column as index_time under [columns]"
        raise StudyError(msg)
    if part.kind == "predefined":
        if "column" not in settings:
            msg = 'a predefined validation needs the column that names the partitions; add column = "…"'
            raise StudyError(msg)
        return make(attribute=settings["column"])
    return make(**settings)


def _limits(declared: Declaration) -> tuple[str, ...]:
    found = ["Kinds of columns were inferred from the table; nobody has written a card for these data."]
    if not declared.columns.patient:
        found.append("No patient identifier was named: if patients repeat, the results are too good.")
    if not declared.columns.index_time:
        found.append("No index time was named: that predictors precede the outcome was not checked.")
    if not declared.outcome.horizon:
        found.append("The horizon of the outcome was not stated.")
    return tuple(found)


def _fingerprint(declared: Declaration) -> str:
    """Hash of the declaration, wherever the table lies and whatever the seed."""
    plain = declared.model_dump_json(exclude={"table": {"path"}, "study": {"seed"}})
    return sha256(plain.encode()).hexdigest()
