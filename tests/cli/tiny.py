"""A study that runs in seconds: two regressions over a simulated ward."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.single import SinglePredictor
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.validation import CrossValidation
from bedside.endpoints.binary.kind import binary
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.simulate import BinaryOutcome, Encounters, Number, Twin
from bedside.modalities.tabular.table import Record
from bedside.study.declare import Study
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

SCHEMA = Schema((Column("age", "number", unit="a"), Column("lactate", "number", unit="mmol/L")))
TWIN = Twin(
    columns=(Number("age", mean=65, sd=12), Number("lactate", mean=2, sd=1, low=0.2)),
    outcome=BinaryOutcome("died", prevalence=0.4, effects={"age": 0.8, "lactate": 1.2}, negative="no", positive="yes"),
    encounters=Encounters(patient="patient"),
)


@dataclass(frozen=True)
class Ward:
    name: str = "ward"
    licence: str = "none needed"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Record]:
        del root
        yield from TWIN.records(90, seed=5)

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        yield from TWIN.records(n, seed=seed)


def draw(record: Record) -> list[Sample[Record, bool] | Excluded]:
    patient = PatientId(str(record["patient"]))
    return [Sample(SampleId(str(patient)), patient, record.only(SCHEMA), record["died"] == "yes")]


def study() -> Study[Record, Record, bool, float]:
    endpoint = binary(positive="died", negative="survived")
    return Study(
        name="tiny",
        question="Who will die?",
        intended_use="Nobody.",
        source=Ward(),
        cohort=Cohort(eligibility="Everyone.", outcome="Death.", horizon="In hospital.", draw=draw),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=Tuned(ElasticNet(endpoint, SCHEMA), endpoint, trials=1),
        comparators=(Tuned(SinglePredictor(endpoint, SCHEMA, "age"), endpoint, trials=1),),
        validations=(CrossValidation(folds=3, inner=2),),
        trials=1,
        bootstrap=200,
    )
