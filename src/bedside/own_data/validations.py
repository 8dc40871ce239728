"""From the validations of a declaration to those of a study."""

from collections.abc import Callable, Mapping

from bedside.data.split import Validation
from bedside.data.validation import CrossValidation, Holdout, LearningCurve, LeaveSiteOut, Predefined, Temporal
from bedside.errors import StudyError
from bedside.modalities.tabular.column import nearest_name
from bedside.own_data.declaration import ColumnsPart, ValidationPart

_KINDS: Mapping[str, tuple[Callable[..., Validation], tuple[str, ...]]] = {
    "cross_validation": (CrossValidation, ("folds", "repeats", "inner")),
    "holdout": (Holdout, ("development", "tuning", "test", "inner")),
    "leave_site_out": (LeaveSiteOut, ("inner",)),
    "temporal": (Temporal, ("test_fraction", "inner")),
    "predefined": (Predefined, ("column",)),
    "learning_curve": (LearningCurve, ("shares", "test", "inner")),
}


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
