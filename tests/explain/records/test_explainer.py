"""Attributions add up event by event, lie on what decides, change with the weights, and fail where they should."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from jaxtyping import Int64
from tests.explain.records.hearts import BINARY, conventional, hearts, subject
from torch import Tensor

from bedside.endpoints.multilabel.kind import multilabel
from bedside.explain.explainer import Attribution, Check, Subject
from bedside.explain.linear import LinearContributions
from bedside.explain.records.deletion import without
from bedside.explain.records.events import EventContributions
from bedside.explain.records.explainer import RECORD_EXPLAINERS, RecordExplainer
from bedside.explain.records.gradients import EventGradients
from bedside.explain.records.method import MOST, OTHERS, PATTERN, EventMethod, Found, by_code, code_names, foremost
from bedside.explain.records.retain import RetainContributions
from bedside.explain.records.score import Scored, networks, path
from bedside.explain.records.summarised import SummaryContributions
from bedside.explain.shap_trees import ShapTrees
from bedside.explain.tabular import members
from bedside.modalities.records.batches import EventTensors
from bedside.modalities.records.encoder import RecordEncoder
from bedside.modalities.records.history import AGE, History
from bedside.networks.sequences.attentive import EventSet, TimeAwareTransformer
from bedside.networks.sequences.decaying import GruD
from bedside.networks.sequences.recurrent import Recurrent
from bedside.networks.sequences.retain import Retain
from bedside.networks.sequences.sequencer import Sequencer
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.networks.sequences.temporal import TemporalConvolution

SEQUENCERS: tuple[Sequencer, ...] = (
    BagOfEvents(),
    Recurrent(),
    GruD(),
    TemporalConvolution(),
    Retain(),
    TimeAwareTransformer(),
    EventSet(),
)
HEART = "LOINC//HR"


def seen(n: int, seed: int = 7) -> list[History]:
    return [sample.predictors for sample in hearts(n, seed)]


def scores(one: Subject[History, Any], cases: Sequence[History], *, empty: bool = False) -> Any:
    """The score that is explained, and that of nothing."""
    (member,) = networks(members(one.fit.fitted))
    network, chosen = Scored(member.model), torch.zeros(len(cases), dtype=torch.int64)
    batch = member.prepared.batches(cases).take(torch.arange(len(cases)), torch.device("cpu"))
    return (network.empty if empty else network.whole)(batch, chosen).detach().numpy()


def check(checks: tuple[Check, ...], name: str) -> Check:
    return next(one for one in checks if one.check == name)


def explained(method: EventMethod, one: Subject[History, Any], cases: list[History], *, tests: bool) -> Attribution:
    told = RecordExplainer(EventContributions(method)).explain(one, cases, seed=1, tests=tests)
    assert told is not None
    return told


@pytest.mark.parametrize("sequencer", SEQUENCERS, ids=lambda one: one.name)
def test_attributions_of_events_add_up_to_the_difference_in_every_network(sequencer: Sequencer) -> None:
    one, cases = subject(sequencer, epochs=2), seen(12)
    moved = scores(one, cases) - scores(one, cases, empty=True)
    for method in (EventGradients(), RetainContributions()):
        told = EventContributions(method).told(members(one.fit.fitted), (), cases, np.ones(len(cases), dtype=np.int64))
        if told is None:
            assert isinstance(method, RetainContributions)
            assert not isinstance(sequencer, Retain)
            continue
        assert np.abs(moved).max() > 1e-3
        np.testing.assert_allclose(told.values.sum(axis=1), moved, atol=0.02 * np.abs(moved).max())
        pattern = told.values[:, told.codes.index(PATTERN)] if PATTERN in told.codes else 0.0
        np.testing.assert_allclose([rows.sum() for rows in told.rows], told.values.sum(axis=1) - pattern, atol=1e-9)
        assert [len(rows) for rows in told.rows] == [len(case.positions()) for case in cases]
        assert told.gap is not None
        assert told.gap < 0.02


def test_an_event_that_is_not_there_is_what_its_attribution_says_where_the_network_is_linear() -> None:
    """RETAIN's sum is linear in the events of one moment while its attentions are held: parts are exact."""
    one, cases = subject(Retain(), epochs=2), seen(4)
    (member,) = networks(members(one.fit.fitted))
    encoder, batch = member.model.encoder, member.prepared.batches(cases).take(torch.arange(4), torch.device("cpu"))
    assert isinstance(encoder, RecordEncoder)
    with torch.no_grad():
        _, events, _ = encoder.embed(batch)
        moments = encoder.moments(batch, events)
        weights = encoder.network.weights(moments)  # type: ignore[operator]
        parts = encoder.network.value(weights[batch.owners, batch.steps] * events)  # type: ignore[operator]
        whole = torch.zeros(4, encoder.width).index_add(0, batch.owners, parts)
        np.testing.assert_allclose(whole, encoder.network(moments), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", [EventGradients(), RetainContributions()], ids=lambda one: one.name)
def test_what_decides_has_the_largest_values_and_the_right_sign(method: EventMethod) -> None:
    one, samples = subject(Retain()), hearts(30, 7)
    told = explained(method, one, [sample.predictors for sample in samples], tests=False)
    size = np.abs(told.values).mean(axis=0)
    assert told.variables[int(size.argmax())] == HEART
    heart = told.values[1:, told.variables.index(HEART)]
    ill = np.array([sample.outcome for sample in samples[1:]])
    assert heart[ill].mean() > heart[~ill].mean()
    assert AGE in told.variables
    assert told.courses is not None
    for sample, course in zip(samples, told.courses, strict=True):
        case = sample.predictors
        timed = ~case.events.lasting(case.positions())
        assert len(course.hours) == timed.sum()
        assert (course.hours >= 0).all()
        assert (np.diff(course.hours) <= 0).all()
        names = [name for name, event in zip(code_names(case), timed, strict=True) if event]
        assert [told.variables[k] for k in course.variables.tolist()] == names


def test_a_trained_network_is_explained_faithfully_and_a_blind_one_is_not() -> None:
    for blind in (False, True):
        told = explained(EventGradients(), subject(blind=blind), seen(12), tests=True)
        assert check(told.checks, "faithfulness by deletion").passed is not blind
        randomised = check(told.checks, "parameter randomisation")
        if blind:
            assert randomised.passed is False  # it explains nothing
        else:
            assert check(told.checks, "completeness").passed is True
            assert randomised.value is not None
            assert randomised.passed is (randomised.value < 0.5)
            assert "as many random ones (8 times)" in check(told.checks, "faithfulness by deletion").text


class Numbers:
    """A made-up explanation that looks at the numbers and not at the network."""

    name = label = description = "numbers"
    sign = 1.0

    def explains(self, encoder: RecordEncoder) -> bool:
        return isinstance(encoder, RecordEncoder)

    def attribute(self, network: Scored, batch: EventTensors, chosen: Int64[Tensor, " cases"]) -> Found:
        del network, chosen
        nothing = torch.zeros(len(batch.moments))
        return Found(batch.numbers.abs() + 0.1, batch.fact_numbers.abs(), nothing, 0.0, 1.0)


class Words(Numbers):
    """A made-up explanation that points at what has no number."""

    def attribute(self, network: Scored, batch: EventTensors, chosen: Int64[Tensor, " cases"]) -> Found:
        found = super().attribute(network, batch, chosen)
        return found._replace(events=1.0 - batch.known, facts=torch.ones_like(found.facts))


def test_explanations_that_ignore_the_network_or_point_elsewhere_fail_their_tests() -> None:
    numbers, words = (explained(method, subject(), seen(12), tests=True) for method in (Numbers(), Words()))
    randomised = check(numbers.checks, "parameter randomisation")
    assert randomised.value == pytest.approx(1.0)
    assert randomised.passed is False
    assert check(words.checks, "faithfulness by deletion").passed is False


@pytest.mark.parametrize(("name", "method"), [("boosting", ShapTrees()), ("elastic_net", LinearContributions())])
def test_models_on_summaries_are_explained_by_the_same_codes(name: str, method: Any) -> None:
    one, cases = conventional(name), seen(20)
    told = RecordExplainer(SummaryContributions(method)).explain(one, cases, seed=1)
    assert told is not None
    assert told.variables[int(np.abs(told.values).mean(axis=0).argmax())] == HEART
    assert set(told.variables) <= {AGE, *seen(1)[0].events.words}
    assert told.courses is None
    assert {one.check for one in told.checks} == {"parameter randomisation", "faithfulness by deletion"}
    assert check(told.checks, "faithfulness by deletion").passed is True


def test_each_explains_what_it_applies_to_and_one_score_only() -> None:
    cases = seen(3)
    applied = {
        one.name
        for one in RECORD_EXPLAINERS
        if one.explain(subject(Retain(), epochs=2), cases, seed=1, tests=False) is not None
    }
    assert applied == {"integrated_gradients", "retain_contributions"}
    first = RECORD_EXPLAINERS[0]
    several = replace(subject(), endpoint=multilabel(labels=("a", "b")))
    assert first.explain(several, cases, seed=1) is None
    assert first.explain(subject(), [], seed=1) is None
    assert first.explain(conventional("elastic_net"), cases, seed=1) is None


def test_the_same_seed_gives_the_same_bytes_alone_and_in_company() -> None:
    method, one, cases = EventContributions(EventGradients()), subject(), seen(6)

    def rows(some: list[History]) -> tuple[Any, ...]:
        told = method.told(members(one.fit.fitted), (), some, np.ones(len(some), dtype=np.int64))
        assert told is not None
        return told.rows

    whole = rows(cases)
    assert all(np.array_equal(a, b) for a, b in zip(whole, rows(cases), strict=True))
    np.testing.assert_allclose(rows(cases[2:3])[0], whole[2], rtol=1e-3, atol=1e-5)


def test_rows_are_left_out_one_by_one() -> None:
    cases = seen(5)
    gone = [np.arange(len(case.positions())) % 2 == 1 for case in cases]
    left = without(cases, gone)
    for before, after, mask in zip(cases, left, gone, strict=True):
        kept = [name for name, out in zip(code_names(before), mask.tolist(), strict=True) if not out]
        assert code_names(after) == kept


def test_many_codes_are_told_by_the_foremost_and_nothing_is_lost() -> None:
    values = np.random.default_rng(0).normal(size=(3, MOST + 40))
    names, columns = foremost([f"c{k:03d}" for k in range(MOST + 40)], values)
    assert len(names) == MOST + 1
    assert names[-1] == OTHERS
    np.testing.assert_allclose(columns.sum(axis=1), values.sum(axis=1))
    codes, summed = by_code(seen(2), [np.ones(len(case.positions())) for case in seen(2)])
    assert summed[0].sum() == 0  # the empty one
    assert codes == sorted(codes)


@pytest.mark.parametrize("power", [0, 1, 3])
def test_a_path_integrates_polynomials_and_the_turn_of_a_normalised_sum(power: int) -> None:
    assert sum(weight * share**power for share, weight in path(32)) == pytest.approx(1 / (power + 1))
    turn = sum(weight * 1e-5 / (share**2 + 1e-5) ** 1.5 for share, weight in path(32))
    assert turn == pytest.approx((1 + 1e-5) ** -0.5, rel=1e-3)
    assert BINARY.target.questions
