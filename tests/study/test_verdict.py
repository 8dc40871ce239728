"""The first sentence says what happened, whichever way it fell."""

import pytest

from bedside.evidence.schema import Comparison, Learner, Measure, Performance
from bedside.study.release_rule import simplest_within_margin
from bedside.study.verdict import verdict

NET = Learner(name="net", label="Neural network", description="", role="model")
LOGISTIC = Learner(name="logistic", label="Logistic regression", description="", role="comparator")
BOOSTING = Learner(name="boosting", label="LightGBM", description="", role="comparator")
AUROC = Measure(name="auroc", label="AUROC", higher_is_better=True)
BRIER = Measure(name="brier", label="Brier score", higher_is_better=False)


def contrast(low: float, high: float, *, other: str = "logistic", p_adjusted: float = 1.0) -> Comparison:
    return Comparison(
        learner="net",
        comparator=other,
        validation="holdout",
        partition="test",
        measure="auroc",
        difference=(low + high) / 2,
        low=low,
        high=high,
        p=p_adjusted,
        p_adjusted=p_adjusted,
        method="DeLong",
        primary=other == "logistic",
    )


def row(learner: str, value: float, partition: str = "test") -> Performance:
    return Performance.model_validate(
        {
            "learner": learner,
            "validation": "holdout",
            "partition": partition,
            "group": "all",
            "measure": "auroc",
            "value": value,
            "low": value - 0.01,
            "high": value + 0.01,
            "cases": 100,
            "patients": 100,
        }
    )


def say(*comparisons: Comparison, measure: Measure = AUROC) -> str:
    performance = [row("net", 0.9), row("logistic", 0.88)]
    return verdict(
        model=NET,
        learners=(NET, LOGISTIC, BOOSTING),
        measure=measure,
        margin=0.01,
        performance=performance,
        comparisons=comparisons,
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.005, 0.03, "Neural network was better than logistic regression: AUROC 0.900 (0.890 to 0.910) against 0.880"),
        (0.001, 0.009, "Neural network was better than logistic regression by less than the margin that matters"),
        (-0.03, -0.005, "Logistic regression was better than neural network"),
        (-0.004, 0.004, "Logistic regression was as good as neural network, within the margin of 0.01"),
        (-0.004, 0.04, "Neural network was not worse than logistic regression"),
        (-0.04, 0.004, "Neural network was not better than logistic regression by the margin"),
        (-0.04, 0.04, "These data do not settle whether neural network or logistic regression is better"),
    ],
)
def test_each_outcome_has_its_words(low: float, high: float, words: str) -> None:
    assert say(contrast(low, high)).startswith(words)


def test_a_measure_where_less_is_better_turns_the_direction() -> None:
    flipped = contrast(-0.03, -0.005).model_copy(update={"measure": "brier"})
    assert say(flipped, measure=BRIER).startswith("Neural network was better than logistic regression")


def test_figures_stand_in_the_order_in_which_learners_are_named() -> None:
    told = say(contrast(-0.03, -0.01))
    assert "better than neural network: AUROC 0.880 (0.870 to 0.890) against 0.900 (0.890 to 0.910)" in told
    assert "(difference 0.020, 95% interval 0.010 to 0.030)" in told, "of the first named minus the other"


def test_another_comparator_that_won_comes_first() -> None:
    sentence = say(contrast(0.005, 0.03), contrast(-0.05, -0.02, other="boosting", p_adjusted=0.001))
    assert sentence.startswith("LightGBM was better than neural network. Neural network was better than logistic")
    assert not say(contrast(0.005, 0.03), contrast(-0.05, 0.02, other="boosting")).startswith("LightGBM")


def test_what_could_not_be_compared_is_said() -> None:
    nothing = contrast(0, 0).model_copy(update={"difference": None, "low": None, "high": None, "reason": "one class"})
    assert say(nothing) == (
        "The trial could not be decided: the AUROC of neural network and logistic regression could not be compared "
        "(one class)."
    )


def test_release_goes_to_the_simplest_within_the_margin_on_tuning_data() -> None:
    rows = [row("net", 0.91, "tuning"), row("logistic", 0.905, "tuning"), row("boosting", 0.88, "tuning")]
    names = ["net", "logistic", "boosting"]

    def choose(margin: float) -> str | None:
        return simplest_within_margin(rows, names, measure="auroc", margin=margin, higher_is_better=True)

    assert choose(0.01) == "logistic"
    assert choose(0.001) == "net"
    assert simplest_within_margin([], names, measure="auroc", margin=0.1, higher_is_better=True) is None
