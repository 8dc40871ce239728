"""Learning from histories without outcomes: cut at the right times, foretold from the past alone."""

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.modalities.records.stays import Row, drawn, histories
from tests.networks.sequences.test_sequencers import SEQUENCERS

from bedside.applications.icu_mortality.study import STAYS, draw, study
from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.errors import ModelError, StudyError
from bedside.modalities.records.batches import EventTensors
from bedside.modalities.records.cut import since, until
from bedside.modalities.records.earlier import as_of
from bedside.modalities.records.encoder import PreparedRecords, RecordTrunk
from bedside.modalities.records.forecast import Forecast, Past
from bedside.modalities.records.history import HOUR, History
from bedside.modalities.records.thinned import Thinned
from bedside.networks.sequences.recurrent import Recurrent
from bedside.networks.sequences.sequencer import Sequencer
from bedside.study.job import Division
from bedside.study.lineage import findings
from bedside.training import pretrained
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.pool import Pool, chosen, joined
from bedside.training.pretrained import Pretrained
from bedside.training.vicreg import Twice, VICReg

CPU = torch.device("cpu")
TRUNK = RecordTrunk(Recurrent(), least=1, most=50)


def everything(prepared: PreparedRecords, cases: list[History]) -> EventTensors:
    return prepared.batches(cases).take(torch.arange(len(cases)), CPU)


def same(one: EventTensors, other: EventTensors) -> None:
    for name, left, right in zip(one._fields, one, other, strict=True):
        torch.testing.assert_close(left, right, msg=name, rtol=1e-5, atol=2e-5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500), cuts=st.lists(st.integers(0, 240), min_size=6, max_size=6))
def test_a_batch_cut_at_a_time_is_the_batch_of_histories_as_of_that_time(seed: int, cuts: list[int]) -> None:
    cases = drawn(6, seed=seed)
    prepared = TRUNK.prepare(drawn(30, seed=7))
    hours = [cut / 8 + 1 / 64 for cut in cuts]  # never the time of an event, which has one decimal
    expected = everything(prepared, [as_of(one, at) for one, at in zip(cases, hours, strict=True)])
    same(until(everything(prepared, cases), torch.tensor(hours)), expected)


def beginning(one: History, hours: float) -> History:
    times = one.events.times[one.rows[0] : one.rows[1]]
    first = int(np.searchsorted(times, one.index - round(hours * HOUR)))
    return replace(one, rows=(one.rows[0] + first, one.rows[1]))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500), cuts=st.lists(st.integers(0, 240), min_size=6, max_size=6))
def test_a_batch_without_its_beginning_is_the_batch_of_shorter_windows(seed: int, cuts: list[int]) -> None:
    cases = drawn(6, seed=seed)
    prepared = TRUNK.prepare(drawn(30, seed=7))
    hours = [cut / 8 + 1 / 64 for cut in cuts]
    expected = everything(prepared, [beginning(one, at) for one, at in zip(cases, hours, strict=True)])
    same(since(everything(prepared, cases), torch.tensor(hours)), expected)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500))
def test_a_thinned_view_keeps_its_times(seed: int) -> None:
    cases = drawn(8, seed=seed)
    prepared = TRUNK.prepare(drawn(30, seed=7))
    batch = everything(prepared, cases)
    torch.manual_seed(seed)
    view, targets = Thinned()(batch, torch.arange(8))
    assert torch.equal(targets, torch.arange(8))
    encoder = prepared.encoder({"width": 4, "dropout": 0.0})
    told = encoder.moments(view, encoder.embed(view)[1])
    assert (told.gaps >= 0).all()
    assert (told.hours[torch.arange(8), view.moments - 1] == 0).all()
    # Every event stands in the moment at which it happened, and every moment is one of the case's own.
    first = torch.cumsum(view.moments, 0) - view.moments
    torch.testing.assert_close(view.moment_hours[first[view.owners] + view.steps], view.hours)
    for case in range(8):
        own, whole = (one.moment_hours[one.moment_owners == case].tolist() for one in (view, batch))
        assert own == whole[len(whole) - len(own) :]
    assert set(view.hours.tolist()) <= set(batch.hours.tolist())


def test_batches_of_histories_are_joined_and_chosen_case_by_case() -> None:
    cases = drawn(9, seed=3)
    prepared = TRUNK.prepare(cases)
    whole = everything(prepared, cases)
    same(joined(everything(prepared, cases[:4]), everything(prepared, cases[4:])), whole)
    order = torch.tensor([7, 0, 3, 8])
    same(chosen(whole, order), prepared.batches(cases).take(order, CPU))
    pool = Pool(prepared.batches(cases[:4]), prepared.batches(cases[4:]))
    same(pool.take(order, CPU), prepared.batches(cases).take(order, CPU))
    views, _ = Twice(Thinned())(whole, torch.zeros(9))
    assert len(views.moments) == 18
    assert (views.owners.diff() >= 0).all()


def row(hours: float, number: float | None = 80.0) -> Row:
    return (hours, "LOINC//HR", number, None)


def test_what_follows_is_told_as_far_as_it_is_known() -> None:
    cases = histories([row(30.0, 60.0), row(10.0, 70.0), row(7.0, 90.0), row(1.0)], [row(2.0)], [])
    prepared = RecordTrunk(Recurrent(), least=1).prepare(cases)
    batch = everything(prepared, cases)
    token = int(batch.tokens[0])
    task = Past(5.0, len(prepared.preparation.vocabulary))
    happened, numbers = task._followed(batch, torch.tensor([11.0, 1.5, 0.0]))
    assert happened[0, token] == 1
    expected = batch.numbers[1:3].mean()  # those 10 and 7 hours before, of which the later is 4 hours on
    torch.testing.assert_close(numbers[0, token], expected)
    assert happened[1:].isnan().all()  # the history ends before 5 hours do
    assert numbers[1:].isnan().all()
    happened, numbers = task._followed(batch, torch.tensor([29.0, 2.0, 0.0]))
    assert happened[0, token] == 0
    assert numbers[0, token].isnan()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 500))
def test_nothing_that_follows_is_in_the_past(seed: int) -> None:
    cases = drawn(12, seed=seed)
    prepared = TRUNK.prepare(drawn(30, seed=7))
    batch = everything(prepared, cases)
    task = Past(4.0, len(prepared.preparation.vocabulary))
    torch.manual_seed(seed)
    cut = task._drawn(batch)
    past = until(batch, cut)
    assert (past.hours >= 0).all()
    counts = [torch.bincount(one.owners, minlength=12) for one in (past, batch)]
    assert (counts[0] + torch.bincount(batch.owners[batch.hours < cut[batch.owners]], minlength=12) == counts[1]).all()
    assert (counts[0][counts[1] > 0] > 0).all()  # some past is left of every history that has one
    oldest = torch.zeros(12).scatter_reduce(0, batch.owners, batch.hours, "amax")
    assert (cut[oldest >= 4.0] >= 4.0 - 1e-5).all()


@pytest.mark.parametrize("sequencer", SEQUENCERS, ids=lambda one: one.name)
def test_every_network_learns_to_foretell_and_company_changes_nothing(sequencer: Sequencer) -> None:
    cases = [*drawn(20, seed=1), *histories([], [row(3.0)])]
    prepared = RecordTrunk(sequencer, least=1, most=6).prepare(cases)
    batches = prepared.batches(cases)
    method = Forecast(hours=3.0)
    task = method.task(prepared, None)
    torch.manual_seed(0)
    encoder = prepared.encoder({"width": 8, "dropout": 0.0})
    head = method.head(encoder, batches, task)
    batch, followed = task(batches.take(torch.arange(22), CPU), torch.zeros(22))
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=0.01)
    losses = []
    for _ in range(30):
        loss = head.loss(head(encoder(batch)), followed)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    still = [name for name, weight in encoder.named_parameters() if weight.grad is None]
    assert still == []
    encoder.eval()
    with torch.no_grad():
        whole = encoder(batch).values[0]
        for place in (0, 7, 20, 21):
            alone = encoder(chosen(batch, torch.tensor([place]))).values[0, 0]
            torch.testing.assert_close(alone, whole[place], rtol=1e-4, atol=1e-5)


def test_a_head_begins_with_what_is_usual() -> None:
    cases = drawn(40, seed=5)
    prepared = TRUNK.prepare(cases)
    method = Forecast(hours=3.0)
    task = method.task(prepared, None)
    torch.manual_seed(0)
    encoder = prepared.encoder({"width": 8, "dropout": 0.0}).eval()
    head = method.head(encoder, prepared.batches(cases), task)
    told = head(encoder(everything(prepared, cases)))
    assert (told == told[:1]).all()
    often = histories(*[[row(9.0), row(8.0), row(7.0), row(6.0), row(5.0), row(4.0), row(2.5), row(1.0)]] * 8)
    prepared = TRUNK.prepare(often)
    head = method.head(encoder, prepared.batches(often), method.task(prepared, None))
    assert head(encoder(everything(prepared, often)))[0, 0].sigmoid().item() == pytest.approx(1.0, abs=1e-3)


def test_impossible_declarations_are_refused() -> None:
    for wrong in ({"hours": 0.0}, {"hours": float("nan")}, {"numbers": -1.0}):
        with pytest.raises(StudyError, match="hours are positive"):
            Forecast(**wrong)
    for shares in ({"beginning": 1.0}, {"events": -0.1}, {"beginning": 0.0, "events": 0.0, "numbers": 0.0}):
        with pytest.raises(StudyError, match="at least 0 and below 1"):
            Thinned(**shares)
    with pytest.raises(StudyError, match="histories alone"):
        Forecast().task(object(), None)
    cases = drawn(30, seed=2)
    prepared = TRUNK.prepare(cases)
    encoder, batches = prepared.encoder({"width": 4, "dropout": 0.0}), prepared.batches(cases)
    far = Forecast(hours=10_000.0)
    with pytest.raises(ModelError, match="none reaches back so far"):
        far.head(encoder, batches, far.task(prepared, None))
    lone = histories(*[[row(9.0)]] * 4)
    near, alone = Forecast(hours=1.0), TRUNK.prepare(lone)
    with pytest.raises(ModelError, match="nothing follows in any"):
        near.head(encoder, alone.batches(lone), near.task(alone, None))


ENDPOINT = binary(positive="died", negative="left alive")
SHORT = Loop(epochs=3, schedule="cosine", batch=32, warm_up=4)


def twin(n: int, seed: int) -> list[Sample[History, bool]]:
    samples = [one for stay in STAYS.simulate(n, seed=seed) for one in draw(stay)]
    return [one for one in samples if isinstance(one, Sample)]


def network(**options: Any) -> Network[History, float]:
    trunk = RecordTrunk(Recurrent(), least=3)
    loop = Loop(epochs=2, batch=32, warm_up=5)
    return Network(endpoint=ENDPOINT, trunk=trunk, head=BinaryHead, members=1, loop=loop, **options)


@pytest.fixture(scope="module")
def stays() -> list[Sample[History, bool]]:
    return twin(90, seed=4)


@pytest.mark.parametrize("method", [Forecast(hours=12.0), VICReg(dimensions=16)], ids=["forecast", "vicreg"])
def test_a_network_learns_from_histories_and_then_from_few_labels(
    method: Any, stays: list[Sample[History, bool]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pretrained, "_MEMO", OrderedDict())
    archive = [one.predictors for one in stays[:60]]
    start = Pretrained(Thinned(), unlabelled=archive, method=method, loop=SHORT, once=True)
    recipe = network(start=start)
    settings_ = {**recipe.defaults, "width": 8}
    first, record = recipe.fit(settings_, stays[:24], stays[60:], seed=1)
    assert record["start_cases"] == len(archive)
    assert record["kinds of event told apart"] == start.prepare(recipe.trunk).notes["kinds of event told apart"]  # type: ignore[union-attr]
    second, _ = recipe.fit(settings_, stays[24:50], stays[60:], seed=1)
    assert len(pretrained._MEMO) == 1  # once for both
    assert second.prepared is first.prepared
    monkeypatch.setattr(pretrained, "_MEMO", OrderedDict())
    again, _ = network(start=replace(start)).fit(settings_, stays[:24], stays[60:], seed=1)
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name
    judged = [one.predictors for one in stays[60:]]
    first.save(tmp_path)
    assert recipe.load(tmp_path).predict(judged) == first.predict(judged)
    assert "never from judged ones" in recipe.description


def test_a_study_is_refused_that_judges_a_history_learned_from_and_warned_of_another_window_of_it(
    stays: list[Sample[History, bool]],
) -> None:
    declared: Any = study()
    digests = tuple(declared.modality.digest([one.predictors for one in stays]))
    learned, judged, nobody = np.arange(60), np.arange(60, len(stays)), np.arange(0)
    split = Split("set b", learned, nobody, nobody, judged)
    division = Division(
        validation=declared.validations[0], splits=(split,), samples=tuple(stays), digests=digests, cases=()
    )
    others, theirs = ([stays[place].predictors for place in places] for places in (learned, judged))

    def told(archive: list[History]) -> list[str]:
        start = Pretrained(method=Forecast(), unlabelled=archive, once=True)
        model = replace(declared.model, recipe=replace(declared.model.recipe, start=start))
        audited = replace(declared, model=model, comparators=declared.comparators[-1:])
        return [found.kind for found in findings(audited, [division])]

    assert told(others) == []
    assert told([*others, as_of(theirs[0], 12.0)]) == ["near_copies_elsewhere"]
    with pytest.raises(StudyError, match="of which 1 are judged"):
        told([*others, theirs[3]])


def test_development_alone_is_learned_from_as_well(stays: list[Sample[History, bool]]) -> None:
    recipe = network(start=Pretrained(method=Forecast(hours=12.0), loop=SHORT))
    _, record = recipe.fit(recipe.defaults, stays[:40], stays[60:], seed=1)
    assert record["start_cases"] == 40
    assert 0 < record["start_loss"] < 1.05 * record["start_usual_loss"]  # type: ignore[operator]
    assert record["start_loss_saved"] == pytest.approx(1 - record["start_loss"] / record["start_usual_loss"], abs=1e-4)  # type: ignore[operator]


def test_histories_that_are_all_alike_teach_nothing() -> None:
    alike = histories(*[[row(20.0, 60.0), row(15.0, 70.0), row(9.0, 90.0)]] * 40)
    prepared = RecordTrunk(Recurrent(), least=1).prepare(alike)
    start = Pretrained(method=Forecast(hours=6.0), loop=SHORT)
    encoder = prepared.encoder({"width": 8, "dropout": 0.0})
    with pytest.raises(ModelError, match=r"collapsed: features spread by 0\.0"):
        start.begin(encoder, {"width": 8, "dropout": 0.0}, prepared, prepared.batches(alike))
