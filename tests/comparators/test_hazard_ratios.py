"""Hazard ratios: published values, words, what has no estimate and why, patients that repeat."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.comparators.timed_cohorts import SCHEMA, cohort, samples_of
from tests.stats.cox_cases import prisoners

from bedside.comparators.contrasts import contrasts
from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.hazard_ratios import EVENTS, hazard_ratios
from bedside.comparators.marginal import Marginal
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed
from bedside.endpoints.time_to_event.target import Timed, timed
from bedside.evidence.hazards import Associations, HazardRatio
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record
from bedside.training.learner import associations
from bedside.training.tuned import Tuned
from bedside.types import PatientId

DATA = Path(os.environ.get("BEDSIDE_DATA", "absent"))


def target(causes: int = 1) -> Timed:
    words = ("arrest", "death")[:causes]
    return timed(time_to_event(horizon=52.0, unit="weeks", causes=words), "test")


def told(frame: pl.DataFrame, schema: Schema, outcomes: list[Followed], causes: int = 1) -> Associations:
    return hazard_ratios("cox", target(causes), schema, samples_of(frame, schema, outcomes))


def by_contrast(found: Associations, cause: str = "arrest") -> dict[tuple[str, str], HazardRatio]:
    return {(row.predictor, row.contrast): row for row in found.ratios if row.cause == cause}


def test_the_published_ratios_of_released_prisoners() -> None:
    """R's summary of the same regression: exp(coef) and its limits, in Fox and Weisberg's appendix."""
    times, x = prisoners(DATA, ["fin", "age", "prio"])
    schema = Schema((Column("fin", "category"), Column("age", "number", unit="a"), Column("prio", "number")))
    frame = pl.DataFrame({"fin": np.where(x[:, 0] == 1, "aid", "no aid"), "age": x[:, 1], "prio": x[:, 2]})
    found = told(frame, schema, [Followed(t, int(e)) for t, e in zip(times.time, times.event, strict=True)])
    rows = by_contrast(found)
    # 216 of 432 had aid: of equally common words the first in the alphabet is the reference.
    aid, age, convictions = rows["fin", "no aid rather than aid"], rows["age", "per 10 a"], rows["prio", "per 1"]
    assert aid.ratio is not None
    assert age.ratio is not None
    assert 1 / aid.ratio == pytest.approx(0.7068, abs=5e-5)
    assert age.ratio**0.1 == pytest.approx(0.9351, abs=5e-5)
    assert convictions.ratio == pytest.approx(1.1017, abs=5e-5)
    assert (aid.cases, aid.events, age.cases, age.events) == (216, 66, 432, 114)
    assert [round(row.p_proportional or 0.0, 3) for row in rows.values()] == [0.801, 0.012, 0.471]
    (test,) = found.proportionality
    assert (test.degrees, test.cases, test.events, test.reason) == (3, 432, 114, "")
    assert round(test.p_value or 0.0, 3) == 0.068


def test_words_of_contrasts() -> None:
    schema = Schema(
        (
            Column("age", "number", unit="a"),
            Column("protein", "number", unit="g/L"),
            Column("smokes", "number"),
            Column("stage", "category"),
            Column("empty", "category"),
        )
    )
    stream = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "age": stream.normal(60, 12, 80),
            "protein": [None if k < 5 else float(v) for k, v in enumerate(stream.normal(2, 0.04, 80))],
            "smokes": [None if k == 7 else float(k % 2) for k in range(80)],
            "stage": ["I"] * 40 + ["II"] * 25 + ["III"] * 4 + ["IV"] * 3 + [None] * 8,
            "empty": pl.Series([None] * 80, dtype=pl.String),
        }
    )
    rows = [sample.predictors for sample in samples_of(frame, schema, [Followed(1.0, 1)] * 80)]
    found = contrasts(schema, rows)
    assert [(one.predictor, one.words, int(one.cases.sum())) for one in found] == [
        ("age", "per 10 a", 80),
        ("protein", "per 0.1 g/L", 75),
        ("protein", "not known rather than the median", 5),
        ("smokes", "1 rather than 0", 40 - 1),
        ("smokes", "not known rather than the median", 1),
        ("stage", "II rather than I", 25),
        ("stage", "one of 2 rare words rather than I", 7),
        ("stage", "not known rather than I", 8),
    ]
    np.testing.assert_allclose(found[0].values, frame["age"].to_numpy() / 10)
    assert found[1].values[0] == pytest.approx(10 * np.nanmedian(frame["protein"].to_numpy()))


def test_what_has_no_estimate_says_why_and_leaves_the_rest_alone() -> None:
    found = cohort(400, 22, missing=False)
    outcomes = [sample.outcome for sample in found.samples]
    had = np.array([one.event == 1 for one in outcomes])
    frame = found.cases[0].table.frame
    healed = ~had & (np.arange(400) % 3 == 0)
    frame = frame.with_columns(
        same=pl.lit(3.0),
        twice=2 * pl.col("age") + 1,
        healed=pl.Series(np.where(healed, "yes", "no")),
        sick=pl.Series(np.where(had | (np.arange(400) % 2 == 0), "yes", "no")),
    )
    further = (
        Column("same", "number"),
        Column("twice", "number"),
        Column("healed", "category"),
        Column("sick", "category"),
    )
    rows = by_contrast(told(frame, Schema((*SCHEMA.columns, *further)), outcomes))
    reasons = {key: row.reason for key, row in rows.items() if row.ratio is None}
    assert reasons == {
        ("same", "per 1"): "the same in all cases that are compared",
        ("twice", "per 10"): "it follows from the predictors before it",
        ("healed", "yes rather than no"): "none of these cases had the event",
        ("sick", "no rather than yes"): "none of these cases had the event",
    }
    kept = np.flatnonzero(~healed & (had | (np.arange(400) % 2 == 0)))
    alone = by_contrast(told(frame[kept], SCHEMA, [outcomes[k] for k in kept]))
    for key, row in alone.items():
        assert rows[key].ratio == pytest.approx(row.ratio, rel=1e-6)
        assert rows[key].low == pytest.approx(row.low, rel=1e-6)
        assert rows[key].p_proportional == pytest.approx(row.p_proportional, rel=1e-4)


def test_a_number_that_separates_has_no_limits() -> None:
    found = cohort(200, 23, missing=False)
    outcomes = [sample.outcome for sample in found.samples]
    first = np.array([-one.time if one.event else -100.0 for one in outcomes])
    frame = found.cases[0].table.frame.with_columns(clock=pl.Series(first))
    rows = by_contrast(told(frame, Schema((*SCHEMA.columns, Column("clock", "number"))), outcomes))
    clock = next(row for (predictor, _), row in rows.items() if predictor == "clock")
    assert clock.ratio is None
    assert "no limits can be given" in clock.reason


def test_too_few_events_are_no_regression() -> None:
    found = cohort(60, 24, missing=False)
    few = [replace(one, outcome=Followed(one.outcome.time, int(k < 3))) for k, one in enumerate(found.samples)]
    rows = hazard_ratios("cox", target(), SCHEMA.without(["ward"]), few)
    assert {row.reason for row in rows.ratios} == {"3 events are too few for 2 coefficients"}
    assert EVENTS == 2
    (test,) = rows.proportionality
    assert (test.statistic, test.p_value, test.degrees) == (None, None, 0)
    assert test.reason == "3 events are too few for 2 coefficients"
    assert hazard_ratios("cox", target(), SCHEMA, []) == Associations()


def test_every_cause_has_its_own() -> None:
    found = cohort(1_500, 25, causes=2, truncated=True, missing=False)
    made = hazard_ratios("cox", target(2), SCHEMA, found.samples)
    first, second = by_contrast(made), by_contrast(made, "death")
    age, pressure = ("age", "per 10 a"), ("pressure", "per 10 mm[Hg]")
    for rows, slopes in ((first, (1.0, -0.7)), (second, (-0.7, 1.0))):
        for key, slope, spread in ((age, slopes[0], 12), (pressure, slopes[1], 20)):
            row, truth = rows[key], np.exp(slope * 10 / spread)
            assert row.low is not None
            assert row.high is not None
            assert row.low * 0.95 < truth < row.high * 1.05
    assert [test.cause for test in made.proportionality] == ["arrest", "death"]


def test_limits_are_by_patient_where_patients_repeat() -> None:
    found = cohort(300, 26, missing=False)
    alone = by_contrast(hazard_ratios("cox", target(), SCHEMA, found.samples))
    twice = [*found.samples, *(replace(one, key=f"{one.key}b") for one in found.samples)]  # type: ignore[arg-type]
    made = hazard_ratios("cox", target(), SCHEMA, twice)
    for key, row in by_contrast(made).items():
        assert None not in (row.low, row.high, alone[key].low, alone[key].high)
        width, expected = (np.log((r.high or 1) / (r.low or 1)) for r in (row, alone[key]))
        assert width == pytest.approx(expected, rel=0.25), "copies of a case tell no more than the case"
        assert row.p_proportional is None
    assert "patients repeat" in made.proportionality[0].reason
    other = [replace(one, patient=PatientId(f"{k}")) for k, one in enumerate(twice)]
    for key, row in by_contrast(hazard_ratios("cox", target(), SCHEMA, other)).items():
        width, expected = (np.log((r.high or 1) / (r.low or 1)) for r in (row, alone[key]))
        assert width == pytest.approx(expected / np.sqrt(2), rel=0.05), "as many cases more"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(12, 60))
def test_whatever_the_cases_rows_are_numbers_or_reasons(seed: int, n: int) -> None:
    """Tiny awkward samples: constants, empty columns, rare words, few events."""
    stream = np.random.default_rng(seed)
    frame = pl.DataFrame(
        {
            "age": stream.integers(0, 3, n).astype(float),
            "pressure": [None if stream.random() < 0.5 else 1.0 for _ in range(n)],
            "ward": [None if stream.random() < 0.2 else str(stream.integers(0, 6)) for _ in range(n)],
        },
        schema_overrides={"pressure": pl.Float64, "ward": pl.String},
    )
    outcomes = [Followed(float(stream.integers(1, 6)), int(stream.integers(0, 3))) for _ in range(n)]
    for row in told(frame, SCHEMA, outcomes, 2).ratios:
        assert (row.ratio is None) == bool(row.reason)
        if row.low is not None and row.ratio is not None and row.high is not None:
            assert 0 < row.low <= row.ratio <= row.high < np.inf
        assert int(row.events) <= int(row.cases) <= n


def test_learners_that_tell_none_tell_none() -> None:
    found = cohort(200, 27)
    learner: Tuned[Record, Any] = Tuned(CoxElasticNet(found.endpoint, SCHEMA), found.endpoint)
    made = associations(learner, found.samples)
    assert made == CoxElasticNet(found.endpoint, SCHEMA).associations(found.samples)
    assert {row.learner for row in made.ratios} == {"cox"}
    other: Tuned[Record, Any] = Tuned(Marginal(found.endpoint), found.endpoint)
    assert associations(other, found.samples) == Associations()
