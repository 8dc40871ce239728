"""Trials given up early: by the rule, counted, told to the search, and never where nobody asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.conformance.learner import check_record
from tests.training.cohorts import endpoint, folds
from tests.training.test_tuned import Constant, Guess, halves, samples
from tests.training.toy import network, pictures

from bedside.data.split import Tuning
from bedside.networks.range import Range
from bedside.training import pruning
from bedside.training.learner import Settings
from bedside.training.loop import Loop
from bedside.training.pruning import Contest, Pruning, TrialStopped
from bedside.training.tuned import Tuned
from bedside.types import Json


@dataclass(frozen=True)
class Course(Guess):
    """A guess that is reached over ten epochs, each of them told."""

    epochs: list[int] = field(default_factory=list)

    def fit(
        self, settings: Settings, development: Sequence[Any], selection: Sequence[Any], *, seed: int
    ) -> tuple[Constant, Mapping[str, Json]]:
        hear = pruning.listener()
        final = abs(float(settings["value"]) - 0.25)
        self.epochs.append(0)
        for epoch in range(1, 11):
            self.epochs[-1] = epoch
            hear(epoch, final + 1 / epoch)
        return super().fit(settings, development, selection, seed=seed)


def learner(recipe: Guess, rule: Pruning | None) -> Tuned[Any, Any]:
    return Tuned(recipe, endpoint("binary"), trials=12, pruning=rule)


def run(contest: Contest, *fits: Sequence[float]) -> "TrialStopped | None":
    """One trial whose fits lose so much; what it was given up with."""
    try:
        with contest.trial():
            for losses in fits:
                hear = pruning.listener()
                for epoch, loss in enumerate(losses, start=1):
                    hear(epoch, loss)
    except TrialStopped as stopped:
        return stopped
    return None


def test_the_median_rule_by_hand() -> None:
    contest = Contest(Pruning(after=2, trials=3))
    for losses in ([3.0, 1.0, 4.0], [5.0, 3.0, 2.0], [5.0, 2.0]):
        assert run(contest, losses) is None
    assert contest.finished == [[[3.0, 1.0, 1.0]], [[5.0, 3.0, 2.0]], [[5.0, 2.0]]]
    # At the second epoch the median is that of 1, 3 and 2; the first is granted.
    lagging = run(contest, [9.0, 2.1, 0.0])
    assert lagging is not None
    assert (lagging.loss, lagging.epoch) == (2.1, 2)
    assert len(contest.finished) == 3, "a trial given up is no measure for those after it"
    # Its lowest so far is 2, the median of 1, 2 and the 2 that the short one ended with; nobody had a second fit.
    assert run(contest, [9.0, 2.0, 7.0], [99.0, 99.0, 99.0]) is None
    late = run(contest, [1.0, 1.0, 1.5], [1.0], [1.0])
    assert late is None
    assert len(contest.finished) == 5


def test_outside_a_search_nobody_listens() -> None:
    hear = pruning.listener()
    for epoch in range(1, 50):
        hear(epoch, float(epoch))


def test_a_lagging_trial_is_given_up_and_counted() -> None:
    pruned, whole = Course(), Course()
    fit = learner(pruned, Pruning(after=4, trials=3)).fit(samples(40), halves(40), seed=1)
    learner(whole, None).fit(samples(40), halves(40), seed=1)
    assert len(pruned.epochs) == fit.record["trials"] == 12, "a trial given up is a trial"
    assert set(pruned.epochs) == {4, 10}
    assert set(whole.epochs) == {10}
    notes = fit.record["notes"]
    assert isinstance(notes, dict)
    assert notes["pruned_trials"] == pruned.epochs.count(4) > 0
    assert notes["failed_trials"] == 0
    assert pruned.epochs[:3] == [10] * 3
    tried = [float(settings["value"]) for settings, _, _ in pruned.fits]
    assert fit.record["settings"] == {"value": min(tried, key=lambda value: abs(value - 0.25))}


def test_giving_up_repeats() -> None:
    one, two = Course(), Course()
    for recipe in (one, two):
        learner(recipe, Pruning(after=4)).fit(samples(40), halves(40), seed=4)
    assert (one.epochs, one.fits) == (two.epochs, two.fits)


def test_nothing_is_given_up_unless_asked() -> None:
    fit = learner(Course(), None).fit(samples(40), halves(40), seed=1)
    notes = fit.record["notes"]
    assert isinstance(notes, dict)
    assert "pruned_trials" not in notes
    assert "given up" not in learner(Course(), None).description
    assert "given up after 4 epochs" in learner(Course(), Pruning(after=4)).description


def test_members_of_the_chosen_settings_are_never_given_up() -> None:
    recipe = Course(members=3)
    learner(recipe, Pruning(after=1, trials=1)).fit(samples(40), halves(40), seed=1)
    assert recipe.epochs[-2:] == [10, 10]


@pytest.mark.parametrize("crossed", [False, True])
def test_a_network_is_given_up(*, crossed: bool) -> None:
    rates = {"learning_rate": Range(1e-2, 1e-9, 1e-2, log=True), "weight_decay": Range(0.1, 0.09, 0.11)}
    recipe = network(Loop(epochs=8, batch=16), rates=rates)
    cases = pictures(120)
    tuning: Tuning[Any, Any] = (
        folds(cases[:60], 2) if crossed else Tuning(selection=cases[60:90], calibration=cases[90:])
    )
    one, two = (
        Tuned(recipe, recipe.endpoint, trials=8, pruning=Pruning(after=3, trials=2)).fit(cases[:60], tuning, seed=2)
        for _ in range(2)
    )
    notes = one.record["notes"]
    assert isinstance(notes, dict)
    assert isinstance(notes["pruned_trials"], int)
    assert notes["pruned_trials"] > 0
    assert dict(one.record) == dict(two.record)
    check_record(dict(one.record))
