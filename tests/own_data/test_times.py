"""Times to events of one's own table: what is inferred, written down, read back and told."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.own_data.tables import watched, written
from tests.own_data.test_toml import BASE

from bedside.data.sample import Sample
from bedside.endpoints.time_to_event.outcome import Followed
from bedside.endpoints.time_to_event.target import Timed
from bedside.errors import StudyError
from bedside.own_data.declaration import CausePart, FollowUpPart
from bedside.own_data.endings import endings
from bedside.own_data.follow_up import Watch
from bedside.own_data.horizons import asked_time, default_horizon, last_time, unit_of, watched_at
from bedside.own_data.table import TableStudy, study_from_table
from bedside.own_data.toml import load, parse, render
from bedside.stats.times import Times
from bedside.study.declare import Study
from bedside.study.hashes import study_hash

TIME, EVENT = pl.col("months"), pl.col("died")
ROW = pl.int_range(pl.len())


@pytest.fixture
def made(tmp_path: Path) -> TableStudy:
    return study_from_table(
        written(watched(), tmp_path),
        watch=Watch("months", "died", entry="entered", horizons=("24", "36")),
        horizon="60",
        patient="id",
        site="hospital",
        subgroups=("sex", "age"),
        seed=7,
    )


def samples(study: Study[Any, Any, Any, Any], folder: Path) -> list[Sample[Any, Any]]:
    drawn = [item for record in study.source.records(folder) for item in study.cohort.draw(record)]
    return [item for item in drawn if isinstance(item, Sample)]


def test_times_and_events_are_read_as_they_stand(made: TableStudy, tmp_path: Path) -> None:
    found = [sample.outcome for sample in samples(made.study, tmp_path)]
    rows = watched().select("months", "died", "entered").rows()
    assert found == [Followed(months, died, entered) for months, died, entered in rows]
    target = made.study.endpoint.target
    assert isinstance(target, Timed)
    assert (target.horizons, target.primary, target.unit, target.causes) == ((24, 36, 60), 60, "months", ("death",))
    assert made.study.endpoint.primary == "auc_at_60"


def test_no_column_of_the_outcome_is_a_predictor(made: TableStudy) -> None:
    assert not {"months", "died", "entered", "id", "hospital"} & set(made.declaration.predictors)


def test_learners_are_those_of_times(made: TableStudy) -> None:
    assert [learner.name for learner in made.study.learners] == [
        "tabular_network",
        "marginal",
        "cox",
        "weibull",
        "survival_boosting",
    ]
    assert made.study.primary_comparator == "cox"


def test_the_toml_gives_the_same_study(made: TableStudy, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mine"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(made.toml_for(folder), "utf-8")
    again = load(folder / "study.toml")
    assert study_hash(again) == study_hash(made.study)
    for one, other in zip(samples(again, tmp_path), samples(made.study, tmp_path), strict=True):
        assert replace(one, predictors=None) == replace(other, predictors=None)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("horizon = 60.0", "horizon = 0.0", r"'follow_up.horizon' is 0"),
        ("horizon = 60.0", 'horizon = "60"', r"'follow_up.horizon' is '60'"),
        ("until = ", "untl = ", r"unknown key 'follow_up.untl'|missing"),
        ('time = "months"', 'time = "age"', r"column 'age' is the time and cannot be a predictor too"),
        ('entry = "entered"', 'entry = "months"', r"'months' cannot be both time and entry"),
        ('censored = ["0"]', 'censored = ["1"]', r"'1' has two meanings in \[follow_up\]"),
        ('endpoint = "time_to_event"', 'endpoint = "binary"', r"\[follow_up\] belongs to endpoint 'time_to_event'"),
        (
            'comparators = ["marginal"',
            'comparators = ["elastic_net"',
            r"'elastic_net' predicts no time to event outcome",
        ),
        ('comparators = ["marginal"', 'comparators = ["marginl"', r"did you mean 'marginal'"),
        ('name = "death"', 'name = "censored"', r"causes are \('censored',\)"),
    ],
)
def test_what_is_not_understood_is_refused(made: TableStudy, tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in made.toml
    (tmp_path / "study.toml").write_text(made.toml.replace(old, new, 1), "utf-8")
    with pytest.raises(StudyError, match=words) as caught:
        next(iter(load(tmp_path / "study.toml").source.records(tmp_path)))
    assert "\n" not in str(caught.value)


def test_an_endpoint_of_times_needs_the_follow_up(made: TableStudy, tmp_path: Path) -> None:
    text = made.toml
    begin, end = text.index("[follow_up]"), text.index("[columns]")
    (tmp_path / "study.toml").write_text(text[:begin] + text[end:], "utf-8")
    with pytest.raises(StudyError, match=r"needs the part \[follow_up\]"):
        load(tmp_path / "study.toml")


def test_learners_of_times_predict_no_classes(tmp_path: Path) -> None:
    text = study_from_table(written(watched(), tmp_path), outcome="died", exclude=["months", "entered"]).toml
    (tmp_path / "study.toml").write_text(text.replace('"elastic_net", "random', '"cox", "random'), "utf-8")
    with pytest.raises(StudyError, match="'cox' predicts no binary outcome; there are tabular_network, elastic_net"):
        load(tmp_path / "study.toml")


def test_the_twin_of_a_declaration_needs_no_table(made: TableStudy) -> None:
    made.path.unlink()
    rows = [item for record in made.study.source.simulate(300, seed=2) for item in made.study.cohort.draw(record)]
    outcomes = [row.outcome for row in rows if isinstance(row, Sample)]
    assert len(outcomes) == 300
    assert {one.event for one in outcomes} == {0, 1}
    assert any(one.entry > 0 for one in outcomes)
    assert 0.2 < np.mean([one.event == 1 and one.time <= 60 for one in outcomes]) < 0.8
    assert max(one.time for one in outcomes) > 60


def test_competing_causes_are_told_apart(tmp_path: Path) -> None:
    frame = watched().with_columns(
        died=pl.when(EVENT == 0)
        .then(pl.lit("alive"))
        .when(ROW % 3 == 0)
        .then(pl.lit("cancer"))
        .otherwise(pl.lit("heart"))
    )
    path = written(frame, tmp_path)
    watch = Watch("months", "died")
    common = study_from_table(path, watch=watch)
    assert common.study.endpoint.target.causes == ("heart", "cancer")  # type: ignore[attr-defined]
    asked = study_from_table(path, watch=watch, positive="Cancer")
    assert asked.study.endpoint.target.causes == ("cancer", "heart")  # type: ignore[attr-defined]
    assert {sample.outcome.event for sample in samples(asked.study, tmp_path)} == {0, 1, 2}
    assert any("competing with cancer: heart is 'heart'" in note for note in asked.notes)
    twins = [item for row in asked.study.source.simulate(99, seed=1) for item in asked.study.cohort.draw(row)]
    assert {twin.outcome.event for twin in twins if isinstance(twin, Sample)} == {0, 1, 2}


@pytest.mark.parametrize(
    ("column", "words", "censored", "causes"),
    [
        ("died", ("0", "1"), ("0",), ("death",)),
        ("died", ("no", "yes"), ("no",), ("death",)),
        ("died", ("false", "true"), ("false",), ("death",)),
        ("status", ("alive", "dead"), ("alive",), ("death",)),
        ("status", ("0:LIVING", "1:DECEASED"), ("0:LIVING",), ("death",)),
        ("status", ("censored", "relapse"), ("censored",), ("recurrence",)),
        ("status", ("1", "2"), ("1",), ("event",)),
        ("status", ("0", "1", "2"), ("0",), ("event 1", "event 2")),
        ("alive", ("0", "1"), ("1",), ("death",)),
        ("survived", ("no", "yes"), ("yes",), ("death",)),
        ("ending", ("alive", "lost to follow-up", "stroke"), ("alive", "lost to follow-up"), ("stroke",)),
        ("ending", ("admitted to hospital", "none"), ("none",), ("admitted-to-hospital",)),
        ("ending", ("A", "event"), ("A",), ("ending",)),
    ],
)
def test_what_words_mean(
    column: str, words: tuple[str, ...], censored: tuple[str, ...], causes: tuple[str, ...]
) -> None:
    found = endings(column, {word: 10 - k for k, word in enumerate(words)})
    assert (found.censored, tuple(cause.name for cause in found.causes)) == (censored, causes)


def test_words_may_be_named_and_joined() -> None:
    words = {"0": 50, "1": 9, "2": 30, "3": 4}
    named = endings("status", words, positive="2=death", competing=["1=transplant", "3=moved"])
    assert [(cause.name, cause.words) for cause in named.causes] == [
        ("death", ("2",)),
        ("transplant", ("1",)),
        ("moved", ("3",)),
    ]
    joined = endings("status", words, competing=["3"])
    assert [cause.words for cause in joined.causes] == [("2", "1"), ("3",)]
    assert any("--positive 2=NAME --competing 3=NAME" in note for note in joined.notes)
    both = endings("status", words, censored=["0", "3"])
    assert both.censored == ("0", "3")


@pytest.mark.parametrize(
    ("name", "unit"),
    [("months", "months"), ("time_days", "days"), ("OS.years", "years"), ("survivalMonths", "months"), ("t", "")],
)
def test_units_are_read_from_names(name: str, unit: str) -> None:
    assert unit_of(name) == unit


def test_a_time_is_read_with_or_without_its_unit() -> None:
    assert asked_time("5", "years", "--horizon") == asked_time(" 5 yrs", "years", "--horizon") == 5
    with pytest.raises(StudyError, match="unknown unit"):
        asked_time("5 years", "", "--horizon")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0.01, 1e5), min_size=12, max_size=60).filter(lambda found: len(set(found)) > 3),
    st.sampled_from(["days", "months", "years", "fortnights", ""]),
    st.integers(0, 2**16),
)
def test_the_horizon_that_is_chosen_can_be_judged(time: list[float], unit: str, seed: int) -> None:
    events = np.random.default_rng(seed).integers(0, 2, len(time))
    events[int(np.argmin(time))] = 1
    times = Times.of(np.array(time), events.astype(np.int64))
    horizon = default_horizon(times, unit)
    assert 0 < horizon < max(time)
    assert ((times.event == 1) & (times.time <= horizon)).any()
    assert watched_at(times, horizon) > 0
    assert last_time(times, (horizon,)) >= horizon


def test_the_horizon_that_is_chosen_is_round_and_told(tmp_path: Path) -> None:
    made = study_from_table(written(watched(), tmp_path), watch=Watch("months", "died"))
    part = made.declaration.follow_up
    assert part is not None
    assert part.horizon == 36
    assert abs(np.log(36 / np.median(watched().get_column("months")))) < np.log(1.5)
    assert any(note.startswith("horizon 36 months (a round time near the median follow-up") for note in made.notes)
    assert any("for no clinical reason" in limit for limit in made.study.limits)
    asked = study_from_table(made.path, watch=Watch("months", "died"), horizon="36")
    assert not any("for no clinical reason" in limit for limit in asked.study.limits)
    tenth = np.quantile(watched().get_column("months"), 0.9)
    assert part.until <= tenth * 1.05


def test_an_unknown_unit_is_told_and_can_be_named(tmp_path: Path) -> None:
    path = written(watched().rename({"months": "futime"}), tmp_path)
    unknown = study_from_table(path, watch=Watch("futime", "died"))
    assert unknown.declaration.follow_up is not None
    assert unknown.declaration.follow_up.unit == ""
    assert any("unit unknown: say it with --unit" in note for note in unknown.notes)
    named = study_from_table(path, watch=Watch("futime", "died", unit="Mths"))
    assert named.declaration.follow_up is not None
    assert named.declaration.follow_up.unit == "months"


def leaks(frame: pl.DataFrame, folder: Path) -> list[str]:
    made = study_from_table(written(frame, folder), watch=Watch("months", "died"), exclude=["entered"])
    return [note for note in made.notes if "LEAK" in note or "exclude it" in note or "the time follows" in note]


def test_a_table_without_leaks_is_not_suspected(tmp_path: Path) -> None:
    assert leaks(watched(), tmp_path) == []


def test_a_predictor_that_is_the_time_is_suspected(tmp_path: Path) -> None:
    (found,) = leaks(watched().with_columns(stay=TIME * 30.4 + ROW % 3), tmp_path)
    assert found.startswith("LEAK? 'stay' follows the time closely (rank correlation 1.00)")


def test_a_predictor_that_is_the_event_is_suspected(tmp_path: Path) -> None:
    (found,) = leaks(watched().with_columns(marker=EVENT * 5.0 + 0.01 * (ROW % 7)), tmp_path)
    assert found.startswith("LEAK? 'marker' alone gives the outcome away")


@pytest.mark.parametrize("name", ["os_time", "days_to_death", "last_contact", "follow_up", "rfs_status", "recurrence"])
def test_names_of_what_is_known_only_later_are_questions(tmp_path: Path, name: str) -> None:
    found = leaks(watched().with_columns((ROW * 7 % 31 + 0.5).alias(name)), tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"'{name}' is named like")


def test_identifiers_rows_and_years_that_tell_when_a_case_came_are_told(tmp_path: Path) -> None:
    frame = watched().sort("months")
    assert any("the time follows the order of the rows (1.00)" in note for note in leaks(frame, tmp_path))
    numbered = frame.with_columns(id=pl.format("P{}", ROW)).sample(fraction=1.0, shuffle=True, seed=1)
    (found,) = leaks(numbered, tmp_path)
    assert found.startswith("the time follows the identifier 'id' (1.00), as rank correlations")
    came = watched().with_columns(entry_year=pl.when(EVENT == 0).then(2020 - TIME / 12).otherwise(2010 + ROW % 9))
    (year,) = leaks(came, tmp_path)
    assert year.startswith("'entry_year' follows the time of the cases without an event (rank correlation 1.00)")


CAUSE = st.builds(
    CausePart,
    name=st.text("abc ü'\"", min_size=1, max_size=9),
    words=st.lists(st.text(max_size=5), min_size=1).map(tuple),
)
POSITIVE = st.floats(1e-3, 1e6)
PART = st.builds(
    FollowUpPart,
    time=st.text("ab .", min_size=1),
    entry=st.text("ab .", max_size=3),
    unit=st.sampled_from(["", "months", "Jahre"]),
    missing=st.lists(st.one_of(st.just("NA"), POSITIVE), max_size=2).map(tuple),
    censored=st.lists(st.text("01 a", max_size=3), max_size=3).map(tuple),
    causes=st.lists(CAUSE, min_size=1, max_size=3).map(tuple),
    horizon=POSITIVE,
    horizons=st.lists(POSITIVE, max_size=3).map(tuple),
    until=POSITIVE,
    thresholds=st.lists(st.floats(0.01, 0.99), max_size=2).map(tuple),
)


@settings(deadline=None, max_examples=40)
@given(PART)
def test_any_follow_up_survives_the_toml(part: FollowUpPart) -> None:
    outcome = BASE.outcome.model_copy(update={"endpoint": "time_to_event"})
    whole = BASE.model_copy(update={"follow_up": part, "outcome": outcome})
    assert parse(render(whole)) == whole


@pytest.mark.skipif(not os.environ.get("BEDSIDE_DATA"), reason="BEDSIDE_DATA names no folder")
@pytest.mark.parametrize(
    ("name", "watch", "options", "horizon", "cases"),
    [
        (
            "pbc.csv",
            Watch("time", "status", unit="days", competing=("1=transplant",)),
            {"positive": "2=death"},
            1825,
            418,
        ),
        ("flchain.csv", Watch("futime", "death", unit="days"), {"exclude": ["chapter"]}, 3650, 7871),
        ("gbsg.csv", Watch("rfstime", "status", unit="days"), {}, 1095, 686),
    ],
)
def test_public_tables(
    tmp_path: Path, name: str, watch: Watch, options: dict[str, Any], horizon: float, cases: int
) -> None:
    path = Path(os.environ["BEDSIDE_DATA"]) / "survival" / name
    if not path.is_file():
        pytest.skip(f"{name} is not there")
    made = study_from_table(path, watch=watch, **options)
    assert made.declaration.follow_up is not None
    assert made.declaration.follow_up.horizon == horizon
    assert len(samples(made.study, tmp_path)) == cases
