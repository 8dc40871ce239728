"""A study from a table: roles, endpoints, subgroups, validations, and what the person is told."""

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.own_data.tables import patients, written

from bedside.data.sample import Excluded, Sample
from bedside.modalities.tabular.reading import Format
from bedside.own_data.roles import band
from bedside.own_data.table import TableStudy, study_from_table
from bedside.study.declare import Study


def drawn(study: Study[Any, Any, Any, Any], folder: Path) -> tuple[list[Sample[Any, Any]], Counter[str]]:
    samples, excluded = [], Counter[str]()
    for record in study.source.records(folder):
        for item in study.cohort.draw(record):
            if isinstance(item, Excluded):
                excluded[item.reason] += 1
            elif isinstance(item, Sample):
                samples.append(item)
    return samples, excluded


@pytest.fixture
def made(tmp_path: Path) -> TableStudy:
    return study_from_table(
        written(patients(), tmp_path),
        outcome="died",
        patient="id",
        site="hospital",
        subgroups=("sex", "age"),
        index_time="admitted",
        horizon="30 days",
    )


def test_roles_and_predictors(made: TableStudy, tmp_path: Path) -> None:
    assert list(made.declaration.predictors) == ["age", "glucose_mg_dl", "sex"]
    assert made.declaration.predictors["glucose_mg_dl"].unit == "mg/dL"
    assert made.study.name == "patients"
    assert made.study.cohort.horizon == "30 days"
    samples, excluded = drawn(made.study, tmp_path)
    assert (len(samples), excluded) == (200, Counter())
    first = samples[0]
    assert first.key == "row 1"
    assert set(first.attributes) == {"sex", "age", "hospital"}
    assert first.index_time is not None
    assert (first.index_time.year, first.index_time.month) == (2010, 1)
    assert "P00000" not in str(first.patient)
    assert {type(sample.outcome) for sample in samples} == {bool}


def test_small_tables_are_cross_validated_and_large_ones_held_out(made: TableStudy, tmp_path: Path) -> None:
    names = [validation.name for validation in made.study.validations]
    assert names == ["cross_validation", "holdout", "leave_site_out", "temporal"]
    large = study_from_table(written(patients(2000), tmp_path, "large.csv"), outcome="died", patient="id")
    assert [validation.name for validation in large.study.validations] == ["holdout"]


def test_learners_are_tried_alike(made: TableStudy) -> None:
    names = [learner.name for learner in made.study.learners]
    assert names == ["tabular_network", "elastic_net", "random_forest", "boosting"]
    assert {learner.trials for learner in made.study.learners} == {10}  # type: ignore[attr-defined]


def test_what_was_inferred_is_told(made: TableStudy) -> None:
    text = "\n".join(made.notes)
    assert "'1' is taken for the positive class" in text
    assert "age: number;" in text
    assert "sex: category; female, male;" in text
    assert "written '?' or empty" in text
    assert "cross validation is primary; also holdout, leave site out, temporal" in text
    assert "LEAK" not in text


def test_missing_outcomes_and_identifiers_are_excluded_and_counted(tmp_path: Path) -> None:
    frame = patients().with_columns(
        pl.when(pl.int_range(pl.len()) < 7).then(None).otherwise("died").alias("died"),
        pl.when(pl.int_range(pl.len()) > 195).then(None).otherwise("id").alias("id"),
        pl.when(pl.int_range(pl.len()).is_between(20, 22)).then(None).otherwise("admitted").alias("admitted"),
    )
    made = study_from_table(written(frame, tmp_path), outcome="died", patient="id", index_time="admitted")
    samples, excluded = drawn(made.study, tmp_path)
    assert excluded == {"outcome missing": 7, "patient identifier missing": 4, "index time missing": 3}
    assert len(samples) == 186


def test_who_is_eligible_but_for_the_outcome_keeps_predictors_for_the_sensitivity_analysis(tmp_path: Path) -> None:
    frame = patients().with_columns(
        pl.when(pl.int_range(pl.len()) < 7).then(None).otherwise("died").alias("died"),
        pl.when(pl.int_range(pl.len()) < 2).then(None).otherwise("admitted").alias("admitted"),
    )
    made = study_from_table(written(frame, tmp_path), outcome="died", patient="id", index_time="admitted")
    records = made.study.source.records(tmp_path)
    gone = [item for record in records for item in made.study.cohort.draw(record) if isinstance(item, Excluded)]
    assert {item.reason for item in gone} == {"outcome missing"}
    kept = [item.unlabelled for item in gone if item.unlabelled is not None]
    assert (len(gone), len(kept)) == (7, 5)
    assert "died" not in kept[0].table.frame.columns
    assert "age" in kept[0].table.frame.columns


def test_parquet_gives_the_study_that_csv_gives(tmp_path: Path) -> None:
    frame = patients().with_columns(pl.col("died").cast(pl.Boolean), pl.col("admitted").str.to_date())
    made = study_from_table(written(frame, tmp_path, "p.parquet"), outcome="died", patient="id", index_time="admitted")
    assert (made.declaration.outcome.positive, made.declaration.outcome.negative) == ("true", "false")
    from_csv = study_from_table(written(patients(), tmp_path), outcome="died", patient="id", index_time="admitted")
    ones, others = drawn(made.study, tmp_path)[0], drawn(from_csv.study, tmp_path)[0]
    assert [(s.outcome, s.index_time) for s in ones] == [(s.outcome, s.index_time) for s in others]


@pytest.mark.parametrize(
    ("words", "asked", "positive", "told"),
    [
        (("alive", "dead"), None, "dead", "is taken for"),
        (("0", "1"), None, "1", "is taken for"),
        (("benign", "odd"), None, "odd", "is taken for"),
        (("1", "2"), None, "2", "larger number"),
        (("B", "M"), None, None, "the rarer value"),
        (("B", "M"), "b", "B", "as asked"),
    ],
)
def test_the_positive_class_is_chosen_and_told(
    tmp_path: Path, words: tuple[str, str], asked: str | None, positive: str | None, told: str
) -> None:
    frame = patients().with_columns(pl.col("died").replace_strict([0, 1], list(words), return_dtype=pl.String))
    made = study_from_table(written(frame, tmp_path), outcome="died", positive=asked)
    rarer = words[1]
    assert made.declaration.outcome.positive == (positive or rarer)
    assert any(told in note and repr(positive or rarer) in note for note in made.notes)


def test_several_words_are_classes_and_numbers_a_continuous_outcome(tmp_path: Path) -> None:
    frame = patients().with_columns(grade=pl.col("hospital"), score=pl.col("age").fill_null(50) * 1.5)
    path = written(frame, tmp_path)
    classes = study_from_table(path, outcome="grade", exclude=["hospital"])
    assert classes.study.endpoint.name == "multiclass"
    assert classes.declaration.outcome.classes == ("north", "south", "west")
    assert {sample.outcome for sample in drawn(classes.study, tmp_path)[0]} == {0, 1, 2}
    number = study_from_table(path, outcome="score", exclude=["age"])
    assert number.study.endpoint.name == "continuous"
    assert number.declaration.outcome.cuts == tuple(sorted(number.declaration.outcome.cuts))
    assert isinstance(drawn(number.study, tmp_path)[0][0].outcome, float)


def test_whole_numbers_are_classes_when_asked(tmp_path: Path) -> None:
    frame = patients().with_columns(rank=pl.int_range(pl.len()) % 4)
    path = written(frame, tmp_path)
    assert study_from_table(path, outcome="rank", endpoint="multiclass").declaration.outcome.classes == tuple("0123")
    number = study_from_table(path, outcome="rank")
    assert number.study.endpoint.name == "continuous"
    assert any("for classes ask for multiclass" in note for note in number.notes)


def test_subgroups_of_numbers_are_bands(made: TableStudy, tmp_path: Path) -> None:
    assert made.declaration.subgroups["age"].cuts == (40.0, 65.0)
    bands = {sample.attributes["age"] for sample in drawn(made.study, tmp_path)[0]}
    assert bands == {"under 40", "40 to under 65", "65 and over", "unknown"}
    thirds = study_from_table(made.path, outcome="died", subgroups=["glucose_mg_dl"])
    groups = Counter(sample.attributes["glucose_mg_dl"] for sample in drawn(thirds.study, tmp_path)[0])
    assert len(groups) == 4
    assert min(count for group, count in groups.items() if group != "unknown") > 50


def test_a_value_at_a_cut_belongs_above() -> None:
    assert [band(value, (40.0, 65.0)) for value in (39.9, 40, 64.9, 65, None)] == [
        "under 40",
        "40 to under 65",
        "40 to under 65",
        "65 and over",
        "unknown",
    ]


def test_encounters_with_outcomes_of_their_own_when_told(tmp_path: Path) -> None:
    frame = patients().with_columns((pl.int_range(pl.len()) // 2).cast(pl.String).alias("id"))
    made = study_from_table(written(frame, tmp_path), outcome="died", patient="id", differs_within_patient=True)
    samples = drawn(made.study, tmp_path)[0]
    assert len({sample.patient for sample in samples}) == 100
    assert made.study.identity == "rows of one patient share the column 'id'"


def test_excluded_columns_may_hold_anything(tmp_path: Path) -> None:
    frame = patients().with_columns(ratio=pl.lit(float("inf")))
    made = study_from_table(written(frame, tmp_path), outcome="died", exclude=["ratio", "id"])
    assert made.declaration.set_aside["ratio"] == "excluded as asked"


def test_a_format_may_be_named(tmp_path: Path) -> None:
    text = patients().with_columns(sex=pl.lit("männlich")).write_csv().replace("männlich", "männlich", 1)
    path = tmp_path / "latin.csv"
    path.write_bytes(text.encode("windows-1252"))
    made = study_from_table(path, outcome="died", form=Format(encoding="windows-1252"))
    assert made.declaration.table.encoding == "windows-1252"


def test_the_twin_of_a_declaration_needs_no_table(made: TableStudy) -> None:
    made.path.unlink()
    rows = [item for record in made.study.source.simulate(60, seed=2) for item in made.study.cohort.draw(record)]
    assert len(rows) == 60
    samples = [row for row in rows if isinstance(row, Sample)]
    assert {sample.outcome for sample in samples} == {True, False}
    assert {"sex", "age", "hospital"} == set(samples[0].attributes)
