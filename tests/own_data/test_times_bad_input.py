"""Tables of times to events that allow no study, and rows that are left out: said, counted, never guessed."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.own_data.tables import watched, written

from bedside.data.sample import Excluded, Sample
from bedside.errors import BedsideError, CohortProblem, OutcomeProblem, StudyError, TableProblem
from bedside.own_data.follow_up import Watch
from bedside.own_data.table import TableStudy, study_from_table
from bedside.own_data.toml import load

ROW = pl.int_range(pl.len())
TIME, EVENT = pl.col("months"), pl.col("died")


def same(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def column(**values: Any) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: frame.with_columns(**values)


def doubled(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.head(3)])


def recurring(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.head(3).with_columns(months=TIME + 7, died=1 - EVENT)])


@pytest.mark.parametrize(
    ("change", "watch", "options", "kind", "words"),
    [
        (same, {"time": "month"}, {}, TableProblem, r"no column 'month' \(the time\); did you mean 'months'"),
        (same, {"event": "dide"}, {}, TableProblem, r"no column 'dide' \(the event\); did you mean 'died'"),
        (same, {"entry": "entred"}, {}, TableProblem, r"no column 'entred' \(the entry\); did you mean 'entered'"),
        (same, {"time": "died"}, {}, StudyError, "time, event and entry are different columns"),
        (same, {"entry": "months"}, {}, StudyError, "time, event and entry are different columns"),
        (same, {}, {"exclude": ["months"]}, StudyError, "the time 'months' is excluded"),
        (same, {}, {"exclude": ["died"]}, StudyError, "the event 'died' is excluded"),
        (same, {}, {"subgroups": ["months"]}, StudyError, "the time 'months' cannot be a subgroup"),
        (same, {}, {"subgroups": ["died"]}, StudyError, "the outcome 'died' cannot be a subgroup"),
        (same, {}, {"patient": "died"}, StudyError, "both outcome and patient"),
        (same, {}, {"outcome": "died"}, StudyError, "received both"),
        (same, {}, {"endpoint": "binary"}, StudyError, "leave one out"),
        (same, {"time": "admitted"}, {}, OutcomeProblem, "'admitted' holds dates in 200 of 200 rows; write the time"),
        (column(months=pl.format("{} mo", TIME)), {}, {}, OutcomeProblem, "text that is no number in 200 of 200 rows"),
        (
            column(months=pl.when(ROW < 4).then(pl.lit(">60")).otherwise(TIME.cast(pl.String))),
            {},
            {},
            OutcomeProblem,
            "text that is no number in 4 of 200 rows",
        ),
        (
            column(entered=pl.format("{} mo", TIME)),
            {"entry": "entered"},
            {},
            OutcomeProblem,
            "the entry 'entered' holds",
        ),
        (column(months=pl.lit(None)), {}, {}, OutcomeProblem, "the time 'months' is missing in all 200 rows"),
        (column(died=pl.lit(None)), {}, {}, OutcomeProblem, "the event 'died' is missing in all 200 rows"),
        (column(months=pl.lit(12.0)), {}, {}, OutcomeProblem, "'months' is the same in all rows"),
        (column(months=pl.lit(-1.0) * TIME), {}, {}, OutcomeProblem, "none of the 200 rows has a usable time"),
        (column(months=pl.lit(float("inf"))), {}, {}, TableProblem, "'months' holds 200 infinite"),
        (column(died=pl.lit(0)), {}, {}, OutcomeProblem, "nothing happened .its only value is '0'.*needs events"),
        (column(died=pl.lit("alive")), {}, {}, OutcomeProblem, "nothing happened .its only value is 'alive'"),
        (
            column(died=EVENT.replace_strict({0: "A", 1: "B"})),
            {},
            {},
            OutcomeProblem,
            "none of the values of the event column 'died' says .* 'A', 'B': say which does with --censored WORD",
        ),
        (
            column(died=EVENT + 1, more=ROW % 3),
            {"event": "more", "censored": ("7",)},
            {},
            OutcomeProblem,
            "'7' is none",
        ),
        (same, {}, {"positive": "2"}, OutcomeProblem, "'2' is none of the values of the event column 'died'"),
        (same, {"censored": ("1",)}, {"positive": "1"}, OutcomeProblem, "'1' .* was given two meanings"),
        (same, {"competing": ("1",)}, {}, OutcomeProblem, "no value is left for the cause of interest"),
        (column(died=ROW % 40), {}, {}, OutcomeProblem, "40 different values; it should say in a few words"),
        (column(died=pl.format("note {} on her", ROW)), {}, {}, OutcomeProblem, "different values"),
        (column(died=pl.col("admitted")), {}, {}, OutcomeProblem, "different values .date"),
        (
            lambda f: f.rename({"died": "censored"}),
            {"event": "censored"},
            {},
            OutcomeProblem,
            "'1' means censored to some and the event to others; say which with --censored 0 or --censored 1",
        ),
        (
            same,
            {},
            {"horizon": "120"},
            OutcomeProblem,
            "120 months is beyond all follow-up: the largest time is 100 mo",
        ),
        (same, {"horizons": ("12", "240")}, {"horizon": "60"}, OutcomeProblem, "240 months is beyond all follow-up"),
        (column(months=TIME + 50), {}, {"horizon": "20"}, OutcomeProblem, "no death comes by the horizon 20 months"),
        (
            same,
            {},
            {"horizon": "soon"},
            StudyError,
            "--horizon is 'soon'; with --time it is a number above 0 in months",
        ),
        (same, {}, {"horizon": "0"}, StudyError, "--horizon is '0'"),
        (same, {}, {"horizon": "-3"}, StudyError, "--horizon is '-3'"),
        (same, {}, {"horizon": "5 years"}, StudyError, "'5 years', but times are in months"),
        (doubled, {}, {"patient": "id"}, OutcomeProblem, "3 patient.s. have several rows.*recurrent .* not supported"),
        (recurring, {}, {"patient": "id"}, OutcomeProblem, "3 patient.s. have several rows.*--encounters"),
        (
            recurring,
            {},
            {"patient": "id", "index_time": "admitted"},
            OutcomeProblem,
            "3 patient.s. have contradicting values .* at the same 'admitted'",
        ),
        (
            column(died=(ROW == 50).cast(pl.Int8)),
            {},
            {},
            CohortProblem,
            "1 patient.s. had the event .death., fewer than",
        ),
        (lambda f: f.select("months", "died"), {}, {}, TableProblem, "no column is left to predict from"),
    ],
)
def test_what_allows_no_study_is_one_sentence(
    tmp_path: Path,
    change: Callable[[pl.DataFrame], pl.DataFrame],
    watch: dict[str, Any],
    options: dict[str, Any],
    kind: type[BedsideError],
    words: str,
) -> None:
    path = written(change(watched()), tmp_path)
    with pytest.raises(kind, match=words) as caught:
        study_from_table(path, watch=Watch(**{"time": "months", "event": "died", **watch}), **options)
    message = str(caught.value)
    assert "\n" not in message
    assert "P00" not in message


def made(frame: pl.DataFrame, folder: Path, entry: str = "") -> TableStudy:
    return study_from_table(written(frame, folder), watch=Watch("months", "died", entry))


def drawn(study: TableStudy, folder: Path) -> tuple[list[Sample[Any, Any]], list[Excluded]]:
    items = [item for record in study.study.source.records(folder) for item in study.study.cohort.draw(record)]
    return [i for i in items if isinstance(i, Sample)], [i for i in items if isinstance(i, Excluded)]


@pytest.mark.parametrize(
    ("change", "reason", "eligible"),
    [
        (column(months=pl.when(ROW < 3).then(0.0).otherwise(TIME)), "time is zero or negative", False),
        (column(months=pl.when(ROW < 3).then(-2.5).otherwise(TIME)), "time is zero or negative", False),
        (column(months=pl.when(ROW >= 3).then(TIME)), "time missing", True),
        (column(died=pl.when(ROW >= 3).then(EVENT)), "event missing", True),
        (
            column(months=pl.when(ROW >= 3).then(TIME), died=pl.when(ROW >= 3).then(EVENT)),
            "time and event missing",
            True,
        ),
        (column(entered=pl.when(ROW < 3).then(TIME).otherwise("entered")), "entry is not before the time", False),
        (column(entered=pl.when(ROW < 3).then(TIME + 4).otherwise("entered")), "entry is not before the time", False),
        (column(entered=pl.when(ROW < 3).then(-1.0).otherwise("entered")), "entry is negative", False),
        (column(entered=pl.when(ROW >= 3).then("entered")), "entry missing", True),
        (
            column(died=pl.when(ROW < 3).then(pl.lit("unknown")).otherwise(EVENT.cast(pl.String))),
            "event missing",
            True,
        ),
    ],
    ids=[
        "zero", "negative", "no time", "no event", "neither", "entry at time", "entry after time", "entry negative",
        "no entry", "event unknown",
    ],
)  # fmt: skip
def test_rows_that_cannot_be_used_are_excluded_counted_and_told(
    tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame], reason: str, *, eligible: bool
) -> None:
    study = made(change(watched()), tmp_path, entry="entered")
    samples, excluded = drawn(study, tmp_path)
    assert len(samples) == 197
    assert Counter(one.reason for one in excluded) == {reason: 3}
    assert [one.unlabelled is not None for one in excluded] == [eligible] * 3
    assert f"excluded: 3 of 200 rows, {reason}" in study.notes


def test_a_time_of_zero_is_told_how_to_be_kept(tmp_path: Path) -> None:
    study = made(watched().with_columns(months=pl.when(ROW < 2).then(0.0).otherwise(TIME)), tmp_path)
    assert any("write a small time instead" in note for note in study.notes)


def test_all_events_are_allowed_and_doubted(tmp_path: Path) -> None:
    study = made(watched().with_columns(died=pl.lit(1)), tmp_path)
    assert any("every row has an event, none is censored" in note and "wrong" in note for note in study.notes)
    assert {sample.outcome.event for sample in drawn(study, tmp_path)[0]} == {1}
    assert any("No case was censored" in limit for limit in study.study.limits)


def test_two_rows_a_patient_stand_when_something_tells_them_apart(tmp_path: Path) -> None:
    path = written(recurring(watched()), tmp_path)
    watch = Watch("months", "died")
    study = study_from_table(path, watch=watch, patient="id", differs_within_patient=True)
    samples = drawn(study, tmp_path)[0]
    assert (len(samples), len({sample.patient for sample in samples})) == (203, 200)
    later = recurring(watched()).with_columns(
        admitted=pl.when(ROW >= 200).then(pl.lit("2031-01-01")).otherwise("admitted")
    )
    again = study_from_table(written(later, tmp_path, "l.csv"), watch=watch, patient="id", index_time="admitted")
    assert len(drawn(again, tmp_path)[0]) == 203


def test_times_beyond_the_horizon_are_fine(tmp_path: Path) -> None:
    study = study_from_table(written(watched(), tmp_path), watch=Watch("months", "died"), horizon="12")
    assert max(sample.outcome.time for sample in drawn(study, tmp_path)[0]) > 12


def test_a_mixed_up_unit_is_told(tmp_path: Path) -> None:
    frame = watched().with_columns(months=TIME * 30.44)
    study = made(frame, tmp_path)
    assert any("which are 254 years: is the unit another one?" in note for note in study.notes)
    assert not any("is the unit another one" in note for note in made(watched(), tmp_path).notes)


def test_event_words_that_a_toml_does_not_know_are_refused(tmp_path: Path) -> None:
    frame = watched().with_columns(died=pl.when(ROW < 5).then(2).otherwise(EVENT))
    study = made(frame, tmp_path)
    other = '[[follow_up.causes]]\nname = "death 2"\nwords = ["2"]\n'
    assert other in study.toml
    (tmp_path / "study.toml").write_text(study.toml.replace(other, ""), "utf-8")
    with pytest.raises(OutcomeProblem, match=r"none of '0', '1' in 5 of 200 rows; add them to censored or to a cause"):
        next(iter(load(tmp_path / "study.toml").source.records(tmp_path)))
