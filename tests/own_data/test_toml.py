"""study.toml: gives the same study back, and refuses what it does not understand."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.own_data.tables import patients, written

from bedside.data.sample import Sample
from bedside.data.validation import LearningCurve
from bedside.errors import BedsideError, FileProblem, OutcomeProblem, StudyError, TableProblem
from bedside.own_data.declaration import PredictorPart
from bedside.own_data.table import TableStudy, study_from_table
from bedside.own_data.toml import load, parse, render
from bedside.study.declare import Study
from bedside.study.hashes import study_hash


@pytest.fixture
def made(tmp_path: Path) -> TableStudy:
    return study_from_table(
        written(patients(), tmp_path),
        outcome="died",
        patient="id",
        site="hospital",
        subgroups=("sex", "age"),
        index_time="admitted",
        trials=3,
        seed=7,
    )


def samples(study: Study[Any, Any, Any, Any], folder: Path) -> list[Sample[Any, Any]]:
    drawn = [item for record in study.source.records(folder) for item in study.cohort.draw(record)]
    return [item for item in drawn if isinstance(item, Sample)]


def test_the_toml_gives_the_same_study(made: TableStudy, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(made.toml_for(folder), "utf-8")
    again = load(folder / "study.toml")
    assert study_hash(again) == study_hash(made.study)
    ones, others = samples(again, tmp_path), samples(made.study, tmp_path)
    for one, other in zip(ones, others, strict=True):
        assert replace(one, predictors=None) == replace(other, predictors=None)
    assert again.modality.digest([s.predictors for s in ones]) == made.study.modality.digest(
        [s.predictors for s in others]
    )


def test_the_table_is_named_from_the_toml_or_by_its_whole_path(made: TableStudy, tmp_path: Path) -> None:
    assert parse(made.toml_for(tmp_path / "runs")).table.path == "../patients.csv"
    assert parse(made.toml).table.path == str(tmp_path / "patients.csv")
    assert parse(made.toml).study.seed == made.seed == 7


def test_notes_stand_in_the_toml(made: TableStudy) -> None:
    assert all(f"# {note}" in made.toml for note in made.notes)


def test_a_changed_table_is_refused(made: TableStudy, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(made.toml, "utf-8")
    study = load(tmp_path / "study.toml")
    written(patients(seed=2), tmp_path)
    with pytest.raises(FileProblem, match=r"has changed since study\.toml was written"):
        next(iter(study.source.records(tmp_path)))
    made.path.unlink()
    with pytest.raises(FileProblem, match="does not exist"):
        next(iter(study.source.records(tmp_path)))


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        ("trials = 3", "trails = 3", StudyError, r"unknown key 'study.trails'; did you mean 'trials'"),
        ("trials = 3", 'trials = "3"', StudyError, r"'study.trials' is '3', but should be a valid integer"),
        ("trials = 3", "trials = 0", StudyError, r"'study.trials' is 0, but should be greater than or equal to 1"),
        ("trials = 3", "trials = 3.5", StudyError, r"'study.trials' is 3.5"),
        ("margin = 0.01", "margin = nan", StudyError, r"'study.margin'"),
        ("group_margin = 0.05", "group_margin = 0", StudyError, r"'study.group_margin' is 0"),
        ("smallest_cell = 0", "smallest_cell = -1", StudyError, r"'study.smallest_cell' is -1"),
        ("[outcome]", "[outcom]", StudyError, r"did you mean 'outcome'|'outcome' is missing"),
        ('endpoint = "binary"', 'endpoint = "binray"', StudyError, r"allowed are binary.*did you mean 'binary'"),
        ('kind = "cross_validation"', 'kind = "crossvalidation"', StudyError, r"did you mean 'cross_validation'"),
        ("folds = 5", "fold = 5", StudyError, r"did you mean 'folds'"),
        ("test_fraction = 0.2", "folds = 3", StudyError, r"validation 'temporal' has no setting 'folds'"),
        ('kind = "number"', 'kind = "numeric"', StudyError, r"'predictors.age.kind' is 'numeric'"),
        ('kind = "number"', 'kinds = "number"', StudyError, r"unknown key|missing"),
        ('model = "tabular_network"', 'model = "tabular_netwrk"', StudyError, r"did you mean 'tabular_network'"),
        ('comparators = ["elastic_net"', 'comparators = ["elasticnet"', StudyError, r"did you mean 'elastic_net'"),
        ('primary_comparator = "elastic_net"', 'primary_comparator = "x"', StudyError, r"'x' is none of"),
        ("format = 1", "format = 2", StudyError, r"'format' is 2"),
        ("format = 1", "format = ", StudyError, r"not valid TOML"),
        ("[subgroups.sex]", "[subgroups.sexx]", TableProblem, r"'sexx' \(a subgroup\); did you mean 'sex'"),
        ("[predictors.sex]", "[predictors.sexx]", TableProblem, r"'sexx' \(a predictor\); did you mean 'sex'"),
        ("[predictors.sex]", "[predictors.died]", StudyError, r"'died' is the outcome"),
        ("[predictors.sex]", "[predictors.hospital]", StudyError, r"'hospital' is the site"),
        ('site = "hospital"', 'site = ""', StudyError, r"leave_site_out needs"),
        ('index_time = "admitted"', 'index_time = ""', StudyError, r"needs an index time"),
        ('positive = "1"', 'positive = "2"', OutcomeProblem, r"none of '0', '2' in \d+ of 200 rows"),
        ('positive = "1"', 'positive = "0"', StudyError, r"two different words"),
        ('kind = "leave_site_out"', 'kind = "predefined"', StudyError, r"needs the column"),
    ],
)
def test_what_is_not_understood_is_refused(
    made: TableStudy, tmp_path: Path, old: str, new: str, kind: type[BedsideError], words: str
) -> None:
    text = made.toml
    assert old in text
    (tmp_path / "study.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(kind, match=words) as caught:
        next(iter(load(tmp_path / "study.toml").source.records(tmp_path)))
    assert len(str(caught.value).splitlines()) == 1


def test_a_toml_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        load(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileProblem, match="not UTF-8"):
        load(tmp_path / "study.toml")


def test_an_edited_kind_and_a_missing_code_take_effect(made: TableStudy, tmp_path: Path) -> None:
    text = made.toml.replace('[predictors.age]\nkind = "number"', '[predictors.age]\nkind = "number"\nmissing = [40]')
    (tmp_path / "study.toml").write_text(text, "utf-8")
    study = load(tmp_path / "study.toml")
    ages = [sample.predictors["age"] for sample in samples(study, tmp_path)]
    assert 40.0 not in ages
    assert 41.0 in ages


def test_groups_and_a_learning_curve_are_declared(made: TableStudy, tmp_path: Path) -> None:
    text = made.toml.replace("group_margin = 0.05", "group_margin = 0.1")
    text = text.replace("smallest_cell = 0", "smallest_cell = 11")
    curve = '[[validations]]\nkind = "learning_curve"\nshares = [0.2, 1.0]\ntest = 0.25\n\n[learners]'
    (tmp_path / "study.toml").write_text(text.replace("[learners]", curve), "utf-8")
    study = load(tmp_path / "study.toml")
    assert (study.group_margin, study.smallest_cell) == (0.1, 11)
    assert study.validations[-1] == LearningCurve(shares=(0.2, 1.0), test=0.25)
    (tmp_path / "study.toml").write_text(text.replace("[learners]", curve.replace("0.2, 1.0", "1.0, 0.2")), "utf-8")
    with pytest.raises(StudyError, match="must ascend"):
        load(tmp_path / "study.toml")


def test_a_predictor_that_is_missing_in_every_row_is_refused(tmp_path: Path) -> None:
    frame = patients().with_columns(lactate=pl.lit(None, dtype=pl.Float64))
    path = written(frame, tmp_path)
    again = study_from_table(path, outcome="died")
    text = again.toml.replace("[predictors.age]", '[predictors.lactate]\nkind = "number"\n\n[predictors.age]')
    text = re.sub(r"\nlactate = .*", "", text)
    (tmp_path / "study.toml").write_text(text, "utf-8")
    with pytest.raises(TableProblem, match="'lactate' are missing in every row"):
        next(iter(load(tmp_path / "study.toml").source.records(tmp_path)))


NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), min_size=1, max_size=12)
PART = st.builds(
    PredictorPart,
    kind=st.just("category"),
    unit=st.just(""),
    categories=st.lists(NAME, max_size=3, unique=True).map(tuple),
    missing=st.lists(st.one_of(NAME, st.floats(-1e9, 1e9)), max_size=2).map(tuple),
    description=NAME,
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(NAME, PART, min_size=1, max_size=4), st.dictionaries(NAME, NAME, max_size=3), st.lists(NAME))
def test_any_names_and_words_survive_the_toml(
    predictors: dict[str, PredictorPart], aside: dict[str, str], notes: list[str]
) -> None:
    whole = BASE.model_copy(update={"predictors": predictors, "set_aside": aside})
    assert parse(render(whole, notes)) == whole


BASE = parse(
    """
format = 1
[study]
name = "mine"
question = "?"
intended_use = ""
eligibility = ""
[table]
path = "a.csv"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
[outcome]
column = "y"
endpoint = "binary"
positive = "1"
negative = "0"
[[validations]]
kind = "holdout"
[learners]
model = "tabular_network"
comparators = ["elastic_net"]
[predictors.x]
kind = "number"
"""
)
