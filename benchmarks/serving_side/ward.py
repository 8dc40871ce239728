"""A small study over a simulated ward, whose release the benchmark of serving calls."""

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
from bedside.evidence.release import LOINC, Bindings, BoundPredictor, Coding
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
    outcome=BinaryOutcome("died", prevalence=0.4, effects={"age": 0.5, "lactate": 1.5}, negative="no", positive="yes"),
    encounters=Encounters(patient="patient"),
)
LACTATE = Coding(system=LOINC, code="2524-7", display="Lactate [Moles/volume] in Serum or Plasma")
BINDINGS = Bindings(
    predictors=(
        BoundPredictor(name="age", source="patient-age", unit="a"),
        BoundPredictor(name="lactate", source="observation", codes=(LACTATE,), unit="mmol/L"),
    )
)


@dataclass(frozen=True)
class Ward:
    """Simulated patients."""

    name: str = "ward"
    licence: str = "none needed"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Record]:
        """The same patients each time."""
        del root
        yield from TWIN.records(600, seed=5)

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        """So many of them."""
        yield from TWIN.records(n, seed=seed)


def draw(record: Record) -> list[Sample[Record, bool] | Excluded]:
    """One sample a patient."""
    patient = PatientId(str(record["patient"]))
    return [Sample(SampleId(str(patient)), patient, record.only(SCHEMA), record["died"] == "yes")]


def study() -> Study[Record, Record, bool, float]:
    """A regression beside age alone."""
    endpoint = binary(positive="died", negative="survived")
    return Study(
        name="ward",
        question="Who will die?",
        intended_use="To measure how fast a service answers.",
        source=Ward(),
        cohort=Cohort(eligibility="Everyone.", outcome="Death.", horizon="In hospital.", draw=draw),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=Tuned(ElasticNet(endpoint, SCHEMA), endpoint, trials=1),
        comparators=(Tuned(SinglePredictor(endpoint, SCHEMA, "age"), endpoint, trials=1),),
        validations=(CrossValidation(folds=4, inner=2),),
        trials=1,
        bootstrap=200,
        bindings=BINDINGS,
    )
