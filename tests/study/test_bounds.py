"""What is not known of every case is bounded in its own way, or left out of what sets are judged on."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.study.test_times_to_events import ENDPOINT, SCHEMA, study

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.marginal import Marginal
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.bounding import Bounded
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.multilabel.kind import multilabel
from bedside.evidence.schema import Evidence
from bedside.report.page import render
from bedside.study.run import run
from bedside.study.uncertainty import _sets, abstains, covers
from bedside.training.tuned import Tuned

FINDING = SimpleNamespace(questions=multilabel(labels=("mass", "effusion")).target.questions[:1], quantities=())
"""An outcome that asks one question, which not every case answers."""


@pytest.fixture(scope="module", params=["holdout", "folds"])
def evidence(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    ways: dict[str, Any] = {"holdout": Holdout(), "folds": CrossValidation(folds=2, repeats=1, inner=2)}
    changed = study(
        model=Tuned(CoxElasticNet(ENDPOINT, SCHEMA), ENDPOINT, trials=1),
        comparators=(Tuned(Marginal(ENDPOINT), ENDPOINT, trials=1),),
        validations=(ways[request.param],),
    )
    return run(changed, simulated=300, out=tmp_path_factory.mktemp("bounds") / "run", jobs=1)


def test_patients_keep_to_lower_bounds_on_their_times(evidence: Evidence) -> None:
    rows = {(row.learner, row.group): row for row in evidence.coverage}
    assert {group for _, group in rows} == {"all", "sex=female", "sex=male"}
    for learner in ("cox", "marginal"):
        row = rows[learner, "all"]
        assert row.what == "time to death, months"
        assert row.coverage is not None
        assert row.low is not None
        assert row.high is not None
        assert row.low < row.coverage < row.high
        assert row.low - 0.03 <= row.nominal <= row.high + 0.03
        assert row.size is not None
        assert 0 < row.size < 24.0
        assert row.method.startswith("conformal lower bounds weighted for censoring, ")
    assert (rows["cox", "all"].size or 0) > (rows["marginal", "all"].size or 0), "who knows more says later times"
    assert not evidence.selective, "those without an answer are unlike those with one"


def test_the_promise_is_in_the_methods(evidence: Evidence) -> None:
    text = next(part for part in evidence.methods if part.startswith("Uncertainty."))
    given = "Every patient was given a time, 24 months or the end of watching at most, until which 90% of patients are "
    assert f"{given}free of death" in text
    assert "not for one patient" in text
    assert "Abstaining was not judged" in text


def test_the_report_says_bounds(evidence: Evidence) -> None:
    page = render(evidence)
    assert "Lower bounds on the time to death are built so that 90% of patients" in page
    assert "Coverage of lower bounds on the time to death" in page
    assert "mean bound in months" in page
    assert "prediction sets" not in page.lower()


def test_cases_without_an_answer_are_left_out_of_sets() -> None:
    target: Any = FINDING
    stream = np.random.default_rng(0)
    outcomes: list[Any] = [(bool(one), None) for one in stream.random(300) < 0.5]
    predictions = [
        (min(max((0.8 if one else 0.2) + float(stream.normal(0.0, 0.1)), 0.01), 0.99), 0.5) for one, _ in outcomes
    ]
    whole = _sets(target, (outcomes[:150], predictions[:150]), outcomes[150:], predictions[150:])
    unread = [(None, None)] * 40
    held, size = _sets(
        target,
        (outcomes[:150] + unread, predictions[:150] + [(0.99, 0.5)] * 40),
        outcomes[150:] + unread,
        predictions[150:] + [(0.5, 0.5)] * 40,
    )
    np.testing.assert_array_equal(held[:150], whole[0])
    np.testing.assert_array_equal(size[:150], whole[1])
    assert np.isnan(held[150:]).all()


def test_what_can_be_bounded_and_abstained_from() -> None:
    kinds: dict[str, tuple[Any, bool, bool]] = {
        "times": (ENDPOINT, True, False),
        "binary": (binary(positive="ill", negative="well"), True, True),
        "number": (continuous(), True, False),
        "one finding, not always read": (SimpleNamespace(target=FINDING), True, False),
        "findings": (multilabel(labels=("mass", "effusion")), False, False),
    }
    for name, (endpoint, covered, abstained) in kinds.items():
        assert covers(endpoint.target) == covered, name
        assert abstains(endpoint.target) == abstained, name
        assert isinstance(endpoint.target, Bounded) == (name == "times"), name
