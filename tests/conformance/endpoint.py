"""What every endpoint must do. A new kind of outcome calls `check_endpoint` with some data and adds what is its own."""

import json
import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pytest
from tests.conformance.cells import assert_same_cells

from bedside.endpoints.columns import Columns, Ragged, case_bytes, flat, from_arrays, ragged, to_arrays
from bedside.endpoints.endpoint import Categorical, Endpoint, Numeric, Reference, View
from bedside.endpoints.measure import Contributions, Difference, Measure
from bedside.endpoints.target import classes_by_case
from bedside.errors import OutcomeProblem, StatisticsError
from bedside.evidence.figure import Figure
from bedside.types import Floats, Integers

Y = Any
P = Any
Contrast = Callable[[Floats, Floats, float], Difference | None]

MOST_POINTS = 200

NOTE = "Mrs Miller, seen on 2021-03-04, was better"


def check_endpoint(endpoint: Endpoint[Y, P], outcomes: Sequence[Y], predictions: Sequence[P], *, seed: int = 0) -> None:
    """Put an endpoint through all laws.

    Args:
        endpoint: Under test.
        outcomes: At least 30, of every class there is.
        predictions: One a case; neither perfect nor constant.
        seed: Of the random weights.
    """
    truth, told = list(outcomes), list(predictions)
    assert len(truth) == len(told) >= 30
    measures = endpoint.measures(Reference(development=truth, tuning=truth, predictions=told))
    check_declaration(endpoint, measures)
    check_storage(endpoint, truth, told)
    check_pool(endpoint, told)
    check_target(endpoint, truth, told)
    check_words(endpoint, truth)
    check_loss(endpoint, truth, told)
    check_settings(endpoint, truth, told)
    for measure in measures:
        check_measure(measure, truth, told, seed=seed)
        check_closed_forms(measure, truth, told)
        check_edges(endpoint, measure, truth, told)
    check_figures(endpoint, truth, told)


def check_declaration(endpoint: Endpoint[Y, P], measures: Sequence[Measure[Y, P]]) -> None:
    names = [measure.name for measure in measures]
    assert len(set(names)) == len(names)
    assert endpoint.primary in names
    for measure in measures:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", measure.name)
        assert measure.label.strip()
        assert len(set(measure.columns)) == len(measure.columns) > 0
        assert (measure.higher_is_better is None) == (measure.target is not None), measure.name
        assert measure.bounds[0] < measure.bounds[1]


def check_storage(endpoint: Endpoint[Y, P], outcomes: list[Y], predictions: list[P]) -> None:
    """What is written is read back exactly, with its types."""
    for cells, restored, given in (
        (endpoint.cells(predictions), endpoint.restore, predictions),
        (endpoint.outcome_cells(outcomes), endpoint.restore_outcomes, outcomes),
    ):
        assert cells
        assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in cells)
        assert all(len(column) == len(given) for column in cells.values())
        for column in flat(cells).values():
            assert column.shape == (len(given),)
            assert column.dtype == np.float64
        back = restored(from_arrays({name: array.copy() for name, array in to_arrays(cells).items()}))
        assert_same(back, list(given))
        assert restored(of_nobody(cells)) == []


def assert_same(one: Sequence[Any], two: Sequence[Any]) -> None:
    """Equal values of equal types, arrays among them."""
    assert [type(each) for each in one] == [type(each) for each in two]
    if any(isinstance(each, np.ndarray) for each in two):
        for ours, theirs in zip(one, two, strict=True):
            np.testing.assert_array_equal(ours, theirs, strict=True)
    else:
        assert list(one) == list(two)


def check_pool(endpoint: Endpoint[Y, P], predictions: list[P]) -> None:
    """Agreeing members change nothing, their order neither; each case is pooled by itself."""
    other = list(reversed(predictions))
    as_cells = endpoint.cells
    assert_cells_close(as_cells(endpoint.pool([predictions])), as_cells(predictions))
    assert_cells_close(as_cells(endpoint.pool([predictions, predictions])), as_cells(predictions))
    pooled = endpoint.pool([predictions, other])
    assert_cells_close(as_cells(endpoint.pool([other, predictions])), as_cells(pooled))
    assert_cells_close(as_cells(endpoint.pool([predictions[:1], other[:1]])), as_cells(pooled[:1]))


def assert_close(one: Floats | float, two: Floats | float, what: str) -> None:
    """Sums in another order differ by rounding; iterated fits by their stopping rule."""
    np.testing.assert_allclose(one, two, rtol=1e-7, atol=1e-8, err_msg=what)


def of_nobody(cells: Columns) -> dict[str, Any]:
    """The same columns of no case."""
    arrays = {name: Ragged(column.values[:0], column.shapes[:0]) for name, column in ragged(cells).items()}
    return {**{name: column[:0] for name, column in flat(cells).items()}, **arrays}


def assert_cells_close(one: Any, two: Any) -> None:
    assert_same_cells(one, two, "cells", rtol=1e-12, atol=1e-12)


def check_target(endpoint: Endpoint[Y, P], outcomes: list[Y], predictions: list[P]) -> None:
    """What the outcome answers has the right shapes, and predictions and outcomes can be made of answers again."""
    target = endpoint.target
    answers, numbers, classes, values = [], [], [], []
    words = [word for question in target.questions for word in question.classes]
    assert len(set(words)) == len(words)
    for question in target.questions:
        known = question.known(outcomes)
        assert known.shape == (len(outcomes),)
        assert known.dtype == np.bool_
        index = question.index([outcomes[k] for k in np.flatnonzero(known).tolist()])
        matrix = question.probabilities(predictions)
        assert index.shape == (int(known.sum()),)
        assert index.dtype == np.int64
        assert set(index.tolist()) <= set(range(len(question.classes)))
        assert matrix.shape == (len(predictions), len(question.classes))
        np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-6)
        answers.append(matrix)
        every = np.zeros(len(outcomes), dtype=np.int64)
        every[known] = index
        classes.append(every)
    for quantity in target.quantities:
        assert quantity.values(outcomes).shape == (len(outcomes),)
        assert quantity.estimates(predictions).shape == (len(predictions),)
        numbers.append(quantity.estimates(predictions))
        values.append(quantity.values(outcomes))
    cells = endpoint.cells
    assert_cells_close(cells(target.replaced(predictions, answers, numbers)), cells(predictions))
    if target.questions or target.quantities:
        whole = [k for k in range(len(outcomes)) if all(question.known(outcomes)[k] for question in target.questions)]
        check_assumed(endpoint, [outcomes[k] for k in whole], [each[whole] for each in (*classes, *values)])
    knowing_nothing = target.uninformed(outcomes)
    if target.questions or target.quantities:
        assert len(set(case_bytes(cells(knowing_nothing)))) == 1
    assert len(knowing_nothing) == len(outcomes)
    losses = target.losses(outcomes, predictions)
    assert losses.shape == (len(outcomes),)
    assert np.isfinite(losses).all()
    assert losses.min() >= 0.0
    if isinstance(target, Categorical):
        assert_cells_close(cells(target.predictions(answers[0])), cells(predictions))
    if isinstance(target, Numeric):
        assert target.predictions(numbers[0]) == list(predictions)
    by_class = classes_by_case(target, outcomes)
    assert set(by_class) <= set(words)
    assert bool(by_class) == bool(target.questions)


def check_assumed(endpoint: Endpoint[Y, P], outcomes: list[Y], answers: list[Any]) -> None:
    """Outcomes made of answers have these answers, and are the outcomes where answers tell all of them."""
    target = endpoint.target
    count = len(target.questions)
    assumed = target.assumed(answers[:count], answers[count:])
    for question, classes in zip(target.questions, answers, strict=False):
        assert question.known(assumed).all()
        assert (question.index(assumed) == classes).all()
    for quantity, values in zip(target.quantities, answers[count:], strict=True):
        np.testing.assert_array_equal(quantity.values(assumed), values)
    told = {tuple(case): outcome for case, outcome in zip(zip(*answers, strict=True), outcomes, strict=True)}
    if all(told[tuple(case)] == outcome for case, outcome in zip(zip(*answers, strict=True), outcomes, strict=True)):
        assert assumed == outcomes


def check_words(endpoint: Endpoint[Y, P], outcomes: list[Y]) -> None:
    for outcome in outcomes:
        assert isinstance(endpoint.stratum(outcome), Hashable)
        assert endpoint.describe(outcome).strip()
        if endpoint.target.questions:
            assert endpoint.parse(endpoint.describe(outcome)) == outcome
    for cell in (None, "", "  ", float("nan"), float("inf"), object(), [], NOTE, "?"):
        with pytest.raises(OutcomeProblem, match="allowed") as caught:
            endpoint.parse(cell)
        assert "Miller" not in str(caught.value)
    assert not endpoint.doubt({})


def check_loss(endpoint: Endpoint[Y, P], outcomes: list[Y], predictions: list[P]) -> None:
    loss = endpoint.loss(outcomes, predictions)
    assert np.isfinite(loss)
    assert endpoint.loss(outcomes[::-1], predictions[::-1]) == pytest.approx(loss)
    assert endpoint.loss(list(outcomes) * 2, list(predictions) * 2) == pytest.approx(loss)
    with pytest.raises(StatisticsError):
        endpoint.loss(outcomes, broken(endpoint, predictions))


def check_settings(endpoint: Endpoint[Y, P], outcomes: list[Y], predictions: list[P]) -> None:
    """Settings are finite, follow from tuning data alone, and not from its order."""
    settings = endpoint.settings(Reference(development=outcomes, tuning=outcomes, predictions=predictions))
    again = endpoint.settings(Reference(development=(), tuning=outcomes[::-1], predictions=predictions[::-1]))
    assert all(np.isfinite(value) for value in settings.values())
    assert dict(again) == dict(settings)
    assert bool(settings) == bool(endpoint.rule)


def broken(endpoint: Endpoint[Y, P], predictions: list[P]) -> list[P]:
    """The same predictions, the numbers of the first one NaN."""
    arrays = {name: array.copy() for name, array in to_arrays(endpoint.cells(predictions)).items()}
    for array in arrays.values():
        if np.issubdtype(array.dtype, np.floating):
            array[0] = np.nan
    return endpoint.restore(from_arrays(arrays))


def value_of(measure: Measure[Y, P], outcomes: list[Y], predictions: list[P]) -> float:
    """The plain statistic: every case once."""
    return float(evaluate(measure, measure.contribute(outcomes, predictions), np.ones((1, len(outcomes))))[0])


def evaluate(measure: Measure[Y, P], given: Contributions, weights: Floats) -> Floats:
    """The statistic under weights of cases (b, n)."""
    return measure.statistic(given.rows)(np.ascontiguousarray(weights[:, given.case]))


def check_measure(measure: Measure[Y, P], outcomes: list[Y], predictions: list[P], *, seed: int) -> None:
    """The laws by which a bootstrap is multiplicity, a subgroup a mask, and the order of cases nothing."""
    n = len(outcomes)
    given = measure.contribute(outcomes, predictions)
    assert given.n == n
    assert given.rows.shape == (given.case.size, len(measure.columns))
    assert given.case.min() >= 0
    assert given.case.max() < n
    assert np.isfinite(given.rows).all(), measure.name
    stream = np.random.default_rng(seed)
    plain = value_of(measure, outcomes, predictions)
    assert measure.bounds[0] - 1e-12 <= plain <= measure.bounds[1] + 1e-12, measure.name

    order = stream.permutation(n).tolist()
    permuted = value_of(measure, [outcomes[k] for k in order], [predictions[k] for k in order])
    assert_close(permuted, plain, f"{measure.name}: permuted cases")

    times = stream.multinomial(n, np.full(n, 1.0 / n), size=3)
    masks = (stream.random((2, n)) < 0.6).astype(np.int64)
    everything = np.concatenate([np.ones((1, n), dtype=np.int64), times, masks]).astype(np.float64)
    together = evaluate(measure, given, everything)
    assert together.shape == (len(everything),)
    assert_close(together[0], plain, f"{measure.name}: weights of ones")
    for row, weights in enumerate(everything):
        alone = evaluate(measure, given, weights[None, :])[0]
        assert_close(alone, together[row], f"{measure.name}: alone and in company")
        copies = np.repeat(np.arange(n), weights.astype(np.int64)).tolist()
        repeated = value_of(measure, [outcomes[k] for k in copies], [predictions[k] for k in copies])
        assert_close(together[row], repeated, f"{measure.name}: repeated rows")
    assert np.isnan(evaluate(measure, given, np.zeros((2, n)))).all(), f"{measure.name} of nobody"


def check_closed_forms(measure: Measure[Y, P], outcomes: list[Y], predictions: list[P]) -> None:
    """Intervals hold the value and widen with the level; a learner does not differ from itself."""
    n = len(outcomes)
    plain, rows = value_of(measure, outcomes, predictions), measure.contribute(outcomes, predictions).rows
    if measure.interval is not None:
        narrow, wide = measure.interval(rows, 0.5), measure.interval(rows, 0.95)
        assert narrow is not None
        assert wide is not None
        assert measure.bounds[0] <= wide.low <= narrow.low <= plain <= narrow.high <= wide.high <= measure.bounds[1]
        assert wide.high - wide.low > narrow.high - narrow.low > 0.0
        assert wide.method
    if measure.clustered_interval is not None:
        patient, fold = np.arange(n, dtype=np.int64) // 2, np.arange(n, dtype=np.int64) // 2 % 2
        clustered = measure.clustered_interval(rows, patient, np.zeros_like(fold), 0.95)
        assert clustered is not None
        assert clustered.low <= plain <= clustered.high
        folded = measure.clustered_interval(rows, patient, fold, 0.95)
        assert folded is None or folded.low < folded.high
        one_patient = measure.clustered_interval(rows, np.zeros_like(patient), np.zeros_like(fold), 0.95)
        assert one_patient is None
    for given, contrast in contrasts(measure, n):
        same = contrast(rows, rows, 0.95)
        assert same is not None
        assert same.value == 0.0
        assert same.p == pytest.approx(1.0)
        other = measure.contribute(outcomes, predictions[1:] + predictions[:1])
        there, back = contrast(rows, other.rows, 0.95), contrast(other.rows, rows, 0.95)
        assert (there is None) == (back is None)
        assert there is None or ("cluster" in there.method) == given
        if there is not None and back is not None:
            expected = plain - value_of(measure, outcomes, predictions[1:] + predictions[:1])
            assert there.value == pytest.approx(expected)
            assert (there.low, there.high, there.p) == pytest.approx((-back.high, -back.low, back.p))
            assert there.low <= there.value <= there.high


def contrasts(measure: Measure[Y, P], n: int) -> list[tuple[bool, Contrast]]:
    """The closed-form contrasts, that for repeated patients last and on pairs of cases; whether patients repeat."""
    found: list[tuple[bool, Contrast]] = [] if measure.contrast is None else [(False, measure.contrast)]
    clustered = measure.clustered_contrast
    if clustered is not None:
        patient, alone = np.arange(n, dtype=np.int64) // 2, np.zeros(n, dtype=np.int64)
        found.append((True, lambda rows, other, level: clustered(rows, other, patient, level)))
        row = np.zeros((n, len(measure.columns)))
        assert clustered(row, row, alone, 0.95) is None, "one patient has no variance"
    return found


def check_edges(endpoint: Endpoint[Y, P], measure: Measure[Y, P], outcomes: list[Y], predictions: list[P]) -> None:
    """One case, one class, one prediction: a number within bounds or NaN, never an exception, a warning or infinity."""
    n = len(outcomes)
    alike = [k for k in range(n) if outcomes[k] == outcomes[0]]
    for some_outcomes, some_predictions in (
        (outcomes[:1], predictions[:1]),
        ([outcomes[k] for k in alike], [predictions[k] for k in alike]),
        ([outcomes[0]] * n, predictions),
        (outcomes, [predictions[0]] * n),
        ([outcomes[0]] * n, [predictions[0]] * n),
    ):
        value = value_of(measure, some_outcomes, some_predictions)
        assert np.isnan(value) or measure.bounds[0] - 1e-12 <= value <= measure.bounds[1] + 1e-12, measure.name
        assert not np.isinf(value), measure.name
        rows = measure.contribute(some_outcomes, some_predictions).rows
        patient = np.arange(len(some_outcomes), dtype=np.int64)
        found = [] if measure.interval is None else [measure.interval(rows, 0.95)]
        if measure.clustered_interval is not None:
            found.append(measure.clustered_interval(rows, patient, np.zeros_like(patient), 0.95))
        for limits in found:
            if limits is not None:
                assert limits.low <= value <= limits.high, measure.name
        for _, contrast in contrasts(measure, len(some_outcomes)):
            contrast(rows, rows, 0.95)
    with pytest.raises(StatisticsError):
        measure.contribute(outcomes, broken(endpoint, predictions))


def check_figures(endpoint: Endpoint[Y, P], outcomes: list[Y], predictions: list[P]) -> None:
    """Figures of one and of several splits and learners, of many cases, and of data that allow few of them."""
    n = len(outcomes)
    settings = endpoint.settings(Reference(development=outcomes, tuning=outcomes, predictions=predictions))
    zeros = np.zeros(n, dtype=np.int64)

    def view(learner: str, told: list[P], truth: list[Y], fold: Integers) -> View[Y, P]:
        return View(
            learner=learner,
            outcomes=list(truth),
            predictions=list(told),
            fold=fold,
            patient=np.arange(len(truth), dtype=np.int64),
            settings=[settings] * (int(fold.max()) + 1),
        )

    assert endpoint.figures([]) == ()
    ours = view("our_network", predictions, outcomes, zeros)
    others = view("elastic_net", predictions[1:] + predictions[:1], outcomes, zeros)
    figures = endpoint.figures([ours, others])
    assert figures
    check_drawn(figures)
    check_drawn(endpoint.figures([ours]))
    assert endpoint.figures([ours, others]) == figures
    folds = np.arange(n, dtype=np.int64) % 3
    in_folds = endpoint.figures([view("our_network", predictions, outcomes, folds)])
    check_drawn(in_folds)
    assert all("3 splits" in figure.conclusion for figure in in_folds), "pooled rows must be said"
    times = 1 + 1200 // n
    many = view("our_network", list(predictions) * times, list(outcomes) * times, np.tile(zeros, times))
    check_drawn(endpoint.figures([many]))
    for truth, told in (
        (outcomes[:1], predictions[:1]),
        ([outcomes[0]] * n, predictions),
        (outcomes, [predictions[0]] * n),
    ):
        check_drawn(endpoint.figures([view("our_network", told, truth, zeros[: len(truth)])]))


def check_drawn(figures: Sequence[Figure]) -> None:
    names = [figure.name for figure in figures]
    assert len(set(names)) == len(names)
    for figure in figures:
        assert Figure.model_validate(json.loads(figure.model_dump_json())) == figure
        assert len(figure.conclusion) > 20
        assert len(figure.alt) > 20
        assert figure.series
        for series in figure.series:
            assert 0 < len(series.x) == len(series.y) <= MOST_POINTS
            assert len(series.low) == len(series.high) in {0, len(series.x)}
            assert series.label
            if series.style == "intervals":
                limits = zip(series.low, series.y, series.high, strict=True)
                assert all(low <= y + 1e-9 and y <= high + 1e-9 for low, y, high in limits)
