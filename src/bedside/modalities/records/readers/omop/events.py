"""Rows of OMOP tables as events: which code, when known, which value."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import BIRTH, CODE, DEATH, NUMBER, RAW, TEXT, TIME
from bedside.modalities.records.readers.omop import tables
from bedside.modalities.records.readers.omop.known import Known
from bedside.modalities.records.readers.omop.tables import DAY, Table, time_of

Makes: TypeAlias = Callable[[pl.DataFrame, frozenset[str], Known, Problems], pl.DataFrame]

_SEX: Final = {8507: "M", 8532: "F", 8521: "OTHER"}
_SEX_WORDS: Final = {"m": "M", "male": "M", "f": "F", "female": "F"}
_ANCESTRY: Final = {
    8515: "Asian",
    8516: "Black or African American",
    8527: "White",
    8557: "Native Hawaiian or Other Pacific Islander",
    8657: "American Indian or Alaska Native",
    38003563: "Hispanic or Latino",
    38003564: "Not Hispanic or Latino",
}
_VISITS: Final = {9201: "IP", 9202: "OP", 9203: "ER", 262: "ERIP", 32037: "ICU", 581476: "HOME"}
_INTENSIVE_CARE: Final = 32037
_OPERATORS: Final = {4171756: "<", 4171754: "<=", 4172704: ">", 4171755: ">="}
"""Concepts of the standard vocabulary that have the same number in every source."""


def raw(
    frame: pl.DataFrame,
    time: pl.Expr | None,
    code: pl.Expr,
    *,
    number: pl.Expr | None = None,
    text: pl.Expr | None = None,
    unit: pl.Expr | None = None,
) -> pl.DataFrame:
    """A frame of `RAW`; without a time they are facts for life."""
    nothing = pl.lit(None)
    visit = pl.col("visit_occurrence_id") if "visit_occurrence_id" in frame.columns else nothing
    columns = {
        "subject": pl.col("person_id"),
        TIME: nothing if time is None else time,
        CODE: code,
        NUMBER: nothing if number is None else number,
        TEXT: nothing if text is None else text,
        "unit": nothing if unit is None else unit,
        "encounter": visit,
        "static": pl.lit(time is None),
    }
    return frame.select(column.cast(RAW[name]).alias(name) for name, column in columns.items())


def person(frame: pl.DataFrame, _: frozenset[str], __: Known, problems: Problems) -> pl.DataFrame:
    """Birth at its first moment, for it is no news; sex and ancestry."""
    month, day = (pl.col(name).fill_null(1).cast(pl.String) for name in ("month_of_birth", "day_of_birth"))
    pieces = (pl.col("year_of_birth").cast(pl.String).str.zfill(4), month.str.zfill(2), day.str.zfill(2))
    built = pl.concat_str(*pieces, separator="-").str.to_datetime("%Y-%m-%d", time_unit="us", strict=False)
    dated = frame.with_columns(
        pl.coalesce("birth_datetime", pl.col("birth_date").cast(pl.Datetime("us")), built).alias("born")
    )
    vague = dated.filter(
        pl.col("birth_datetime").is_null() & pl.col("year_of_birth").is_not_null() & pl.col("day_of_birth").is_null()
    ).height
    _count(problems, "person: the day of birth is not told; the first of the month or year is taken", vague)
    _count(problems, "person: no date of birth", dated["born"].null_count())
    sex = pl.coalesce(
        pl.col("gender_concept_id").replace_strict(_SEX, default=None, return_dtype=pl.String),
        pl.col("gender_source_value").str.to_lowercase().replace_strict(_SEX_WORDS, default=None),
    )
    return pl.concat(
        [
            raw(dated.filter(pl.col("born").is_not_null()), pl.col("born"), pl.lit(BIRTH)),
            _fact(frame, "SEX", sex),
            _fact(frame, "ANCESTRY", _ancestry("race")),
            _fact(frame, "ANCESTRY", _ancestry("ethnicity")),
        ]
    )


def _fact(frame: pl.DataFrame, system: str, word: pl.Expr) -> pl.DataFrame:
    told = frame.with_columns(word.alias("word")).filter(pl.col("word").is_not_null())
    return raw(told, None, pl.format(system + "//{}", "word"))


def _ancestry(kind: str) -> pl.Expr:
    concept = pl.col(f"{kind}_concept_id")
    return pl.coalesce(
        concept.replace_strict(_ANCESTRY, default=None, return_dtype=pl.String),
        _filled(f"{kind}_source_value"),
        pl.when(concept > 0).then(concept.cast(pl.String)),
    )


def death(frame: pl.DataFrame, clocked: frozenset[str], _: Known, __: Problems) -> pl.DataFrame:
    """When the patient died."""
    return raw(frame, time_of("death", clocked), pl.lit(DEATH))


def period(frame: pl.DataFrame, clocked: frozenset[str], _: Known, __: Problems) -> pl.DataFrame:
    """From when until when the patient was watched: the first moment of the first day, the last of the last."""
    start = time_of("observation_period_start", clocked)
    first = pl.when(start.dt.time() == pl.time(23, 59, 59)).then(start - DAY).otherwise(start)
    return pl.concat(
        [
            raw(frame, first, pl.lit("OBSERVATION_PERIOD_START")),
            raw(frame, time_of("observation_period_end", clocked), pl.lit("OBSERVATION_PERIOD_END")),
        ]
    )


def visit(frame: pl.DataFrame, clocked: frozenset[str], known: Known, problems: Problems) -> pl.DataFrame:
    """Its start with its kind, its end with where the patient went."""
    full = known.with_codes(known.with_codes(frame, "visit_concept_id"), "discharged_to_concept_id")
    over = full.with_columns(time_of("visit_end", clocked).alias("over")).filter(pl.col("over").is_not_null())
    _count(problems, "visit_occurrence: no end", full.height - over.height)
    kind = _label("visit_concept_id", "visit_source_value", _VISITS)
    went = pl.coalesce(
        _filled("discharged_to_source_value"), _label("discharged_to_concept_id", "discharged_to_source_value", {})
    )
    return pl.concat(
        [
            raw(full, time_of("visit_start", clocked), pl.format("ENCOUNTER_START//{}", kind)),
            raw(over, pl.col("over"), pl.format("ENCOUNTER_END//{}", went)),
        ]
    )


def detail(frame: pl.DataFrame, clocked: frozenset[str], known: Known, problems: Problems) -> pl.DataFrame:
    """Stays in units within a visit; those in intensive care have a name of their own."""
    full = known.with_codes(frame, "visit_detail_concept_id")
    over = full.with_columns(time_of("visit_detail_end", clocked).alias("over")).filter(pl.col("over").is_not_null())
    _count(problems, "visit_detail: no end", full.height - over.height)
    unit = pl.when(pl.col("visit_detail_concept_id") == _INTENSIVE_CARE).then(pl.lit("ICU")).otherwise(pl.lit("UNIT"))
    kind = _label("visit_detail_concept_id", "visit_detail_source_value", _VISITS)
    return pl.concat(
        [
            raw(full, time_of("visit_detail_start", clocked), pl.format("{}_START//{}", unit, kind)),
            raw(over, pl.col("over"), pl.format("{}_END//{}", unit, kind)),
        ]
    )


def condition(frame: pl.DataFrame, clocked: frozenset[str], known: Known, problems: Problems) -> pl.DataFrame:
    """When its visit was over, for codes are given then, or later if it began later; without a visit when it began."""
    coded = _coded(known.with_visit_ends(frame), "condition", known, problems)
    within, ended = pl.col("visit_occurrence_id").is_not_null(), pl.col("visit_ended")
    open_visits = coded.filter(within & ended.is_null()).height
    _count(problems, "condition_occurrence: its visit has no end; kept without a time", open_visits)
    alone = coded.filter(~within).height
    _count(problems, "condition_occurrence: without a visit; stands at its start", alone)
    start = time_of("condition_start", clocked)
    time = pl.when(~within).then(start).when(ended.is_not_null()).then(pl.max_horizontal(start, ended))
    return raw(coded, time, pl.col("word"))


def drug(frame: pl.DataFrame, clocked: frozenset[str], known: Known, problems: Problems) -> pl.DataFrame:
    """When it was begun."""
    coded = _coded(frame, "drug", known, problems)
    return raw(coded, time_of("drug_exposure_start", clocked), pl.col("word"))


def procedure(frame: pl.DataFrame, clocked: frozenset[str], known: Known, problems: Problems) -> pl.DataFrame:
    """When it was over."""
    coded = _coded(frame, "procedure", known, problems)
    over = pl.max_horizontal(time_of("procedure", clocked), time_of("procedure_end", clocked))
    return raw(coded, over, pl.col("word"))


def measurement(frame: pl.DataFrame, clocked: frozenset[str], known: Known, problems: Problems) -> pl.DataFrame:
    """When it was taken: the model has no time of release."""
    bound = pl.col("operator_concept_id").replace_strict(_OPERATORS, default=None, return_dtype=pl.String)
    return _valued(frame, "measurement", (clocked, known, problems), bound)


def observation(frame: pl.DataFrame, clocked: frozenset[str], known: Known, problems: Problems) -> pl.DataFrame:
    """When it was made."""
    return _valued(frame, "observation", (clocked, known, problems), _filled("value_as_string"))


def _valued(
    frame: pl.DataFrame, stem: str, given: tuple[frozenset[str], Known, Problems], first: pl.Expr
) -> pl.DataFrame:
    """Numbers with units or words: those given, else the coded answer, else the source's where there is no number."""
    clocked, known, problems = given
    full = known.with_codes(known.with_codes(frame, "unit_concept_id"), "value_as_concept_id")
    coded = _coded(full, stem, known, problems)
    unit = pl.coalesce("unit_concept_id.code", _filled("unit_source_value"))
    nameless = coded.filter((pl.col("unit_concept_id") > 0) & unit.is_null()).height
    _count(problems, f"{stem}: unit_concept_id is not in the table concept, and no unit_source_value", nameless)
    answer = pl.when(pl.col("value_as_concept_id") > 0).then(_concept("value_as_concept_id"))
    other = pl.when(pl.col("value_as_number").is_null()).then(_filled("value_source_value"))
    return raw(
        coded,
        time_of(stem, clocked),
        pl.col("word"),
        number=pl.col("value_as_number"),
        text=pl.coalesce(first, answer, other),
        unit=unit,
    )


def _coded(frame: pl.DataFrame, stem: str, known: Known, problems: Problems) -> pl.DataFrame:
    """The frame with the column `word`: the standard concept, else that of the source, else the source's own word."""
    standard, source = f"{stem}_concept_id", f"{stem}_source_concept_id"
    full = known.with_codes(known.with_codes(frame, standard), source)
    own = pl.format("OMOP_SOURCE//{}", _filled(f"{stem}_source_value"))
    word = (
        pl.when(pl.col(standard) > 0)
        .then(_concept(standard))
        .when(pl.col(source) > 0)
        .then(_concept(source))
        .otherwise(own)
    )
    out = full.with_columns(word.alias("word"))
    asked = pl.col(standard) > 0
    unnamed = out.filter(asked & pl.col(f"{standard}.code").is_null()).height
    _count(problems, f"{stem}: concept_id is not in the table concept; its code is OMOP//concept_id", unnamed)
    _count(problems, f"{stem}: neither a concept nor a source value", out["word"].null_count())
    return out.filter(pl.col("word").is_not_null())


def _concept(column: str) -> pl.Expr:
    known = pl.concat_str(f"{column}.system", pl.lit("//"), f"{column}.code")
    return pl.coalesce(known, pl.format("OMOP//{}", column))


def _label(concept: str, source: str, fixed: Mapping[int, str]) -> pl.Expr:
    """One word for a kind of visit or a destination."""
    number = pl.col(concept)
    return pl.coalesce(
        number.replace_strict(fixed, default=None, return_dtype=pl.String) if fixed else pl.lit(None, pl.String),
        pl.when(number > 0).then(pl.col(f"{concept}.code")),
        _filled(source),
        pl.when(number > 0).then(number.cast(pl.String)),
        pl.lit("UNKNOWN"),
    )


def _filled(column: str) -> pl.Expr:
    return pl.when(pl.col(column) != "").then(pl.col(column))


def _count(problems: Problems, what: str, times: int) -> None:
    if times:
        problems.add(what, times=times)


MAKES: Final[Mapping[str, tuple[Table, Makes]]] = {
    table.name: (table, makes)
    for table, makes in (
        (tables.PERSON, person),
        (tables.DEATH, death),
        (tables.PERIOD, period),
        (tables.VISIT, visit),
        (tables.DETAIL, detail),
        (tables.CONDITION, condition),
        (tables.DRUG, drug),
        (tables.PROCEDURE, procedure),
        (tables.MEASUREMENT, measurement),
        (tables.OBSERVATION, observation),
    )
}
"""What is read, by name of the table."""
