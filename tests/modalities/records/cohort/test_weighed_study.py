"""A study of records of whom some are censored, from a simulated warehouse to its report."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from tests.modalities.records.cohort.patients import cohort, stay, written

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.window_summaries import WindowSummaries
from bedside.data.censoring import CensoringWeights
from bedside.data.cohort import Cohort
from bedside.data.sample import Censored, Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.validation import Holdout
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.cases import Case, cases
from bedside.modalities.records.cohort.draw import draw
from bedside.modalities.records.cohort.drawn_cases import DrawnCases
from bedside.modalities.records.cohort.sampled import sampled
from bedside.modalities.records.cohort.toml import parse
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.history import History
from bedside.modalities.records.modality import records
from bedside.modalities.records.simulate.warehouse import simulate
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.report.page import render
from bedside.stats.censoring import Ending
from bedside.study.declare import Study
from bedside.study.run import run
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned

READMISSION = """
format = 1
name = "readmission"
eligibility = "Adults who leave hospital alive"
[index]
event = "discharge"
[predicates.discharge]
code = ["ENCOUNTER_END//HOME", "ENCOUNTER_END//SKILLED_NURSING", "ENCOUNTER_END//HOSPICE"]
[predicates.admission]
code = "ENCOUNTER_START//IMP"
[predicates.death]
code = "MEDS_DEATH"
[observation]
start = "index - 30d"
[outcome]
kind = "binary"
words = "From the hospital's records"
event = "admission"
competing = "death"
already = "keep"
horizon = "180d"
[[criteria]]
words = "younger than 18 years"
age_at_least = 18
"""


@dataclass(frozen=True)
class Hospital:
    """A table of events that lies there."""

    folder: Path
    name: str = "hospital"
    licence: str = "CC0"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def events(self, root: Path) -> EventFolder:
        del root
        return EventFolder(self.folder)

    def simulated(self, n: int, *, seed: int) -> AbstractContextManager[EventFolder]:
        del n, seed
        return nullcontext(EventFolder(self.folder))


def drawn(case: Case) -> list[Sample[History, bool] | Censored | Excluded]:
    return [sampled(case)]


def study(folder: Path) -> Study[Case, History, bool, float]:
    endpoint = binary(positive="readmitted", negative="not readmitted")

    def tuned(recipe: Recipe[History, bool, float]) -> Tuned[History, float]:
        return Tuned(recipe, endpoint, trials=1)

    network = Network(
        endpoint=endpoint,
        trunk=RecordTrunk(BagOfEvents()),
        head=BinaryHead,
        name="events_network",
        members=1,
        loop=Loop(epochs=2, batch=32),
    )
    return Study(
        name="readmission_within_180_days",
        question="Will the patient be readmitted?",
        intended_use="Tests.",
        source=DrawnCases(Hospital(folder), parse(READMISSION)),
        cohort=Cohort(eligibility="adults", outcome="readmission", horizon="180 days", draw=drawn),
        modality=records(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(
            tuned(WindowSummaries(partial(ElasticNet, endpoint), "elastic_net", "Elastic net on summaries")),
            tuned(WindowSummaries(partial(Boosting, endpoint), "boosting", "Boosting on summaries")),
        ),
        validations=(Holdout(mode="held_out", development=0.5, tuning=0.2, test=0.3),),
        weighing=CensoringWeights(),
        trials=1,
        bootstrap=40,
    )


def test_cases_of_a_cohort_tell_how_long_they_were_watched(tmp_path: Path) -> None:
    rows = [*stay(1, 0, 100), (1, 48, "MEDS_DEATH"), *stay(2, 0, 1000), *stay(3, 0, 72), *stay(4, 0, 9)]
    folder = written(rows, tmp_path)
    people = pl.DataFrame({"subject_id": [1, 2, 3, 4], "identifier": ["a", "b", "c", "d"]})
    people.write_parquet(tmp_path / "metadata" / "subjects.parquet")
    found = [sampled(case) for case in cases(folder, draw(folder, cohort(), jobs=1))]
    kinds = [type(one) for one in found]
    assert kinds == [Sample, Sample, Censored, Excluded]
    assert [one.watched for one in found if isinstance(one, Sample)] != [None, None]
    watched = [one.watched for one in found if isinstance(one, Sample) and one.watched is not None]
    assert [(one.days, one.ending) for one in watched] == [(1.0, Ending.EVENT), (30.0, Ending.WATCHED)]
    assert [one.days for one in found if isinstance(one, Censored)] == [2.0]
    other = Case("1", "p", next(_histories(folder)), None, found[0].index_time, {"float_value": 1.0})  # type: ignore[union-attr]
    with pytest.raises(RecordsProblem, match="without the column 'boolean_value'"):
        sampled(other)


def _histories(folder: EventFolder) -> Iterator[History]:
    return (case.history for case in cases(folder, draw(folder, cohort(), jobs=1)) if case.history is not None)


@pytest.mark.slow
def test_a_study_of_censored_records_runs_from_the_table_to_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEDSIDE_LEDGER", str(tmp_path / "ledger.jsonl"))
    simulate(tmp_path / "events", 700, seed=4, jobs=1)
    evidence = run(study(tmp_path / "events"), out=tmp_path / "run", jobs=1)
    censored = next(step for step in evidence.flow if step.kind == "censored")
    assert int(censored.records) > 20
    assert sum(int(row.censored) for row in evidence.censoring) == censored.records
    assert max(row.largest for row in evidence.censoring) > 1.05
    weights = pq.read_table(tmp_path / "run" / "predictions.parquet")["weight"].to_pylist()
    assert max(weights) > 1.05
    judged = [row for row in evidence.performance if (row.group, row.partition) == ("all", "test")]
    assert {row.learner for row in judged} == {"events_network", "elastic_net", "boosting"}
    assert all(row.value is not None for row in judged if row.measure in ("auroc", "brier"))
    page = render(evidence)
    assert "Censored outcomes, and the weights by which known ones stand for them" in page
    assert f"Censored: {censored.records}" in page
