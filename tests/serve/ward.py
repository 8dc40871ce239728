"""A study that may be released: a regression over a simulated ward that is better than age alone."""

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
from bedside.modalities.tabular.simulate import BinaryOutcome, Encounters, Number, Twin, Words
from bedside.modalities.tabular.table import Record
from bedside.study.declare import Study
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

SCHEMA = Schema(
    (
        Column("age", "number", unit="a"),
        Column("lactate", "number", unit="mmol/L", description="lactate in blood"),
        Column("sex", "category", categories=("female", "male")),
    )
)
TWIN = Twin(
    columns=(
        Number("age", mean=65, sd=12),
        Number("lactate", mean=2, sd=1, low=0.2),
        Words("sex", {"female": 0.5, "male": 0.5}),
    ),
    outcome=BinaryOutcome("died", prevalence=0.4, effects={"age": 0.5, "lactate": 1.5}, negative="no", positive="yes"),
    encounters=Encounters(patient="patient"),
)
BINDINGS = Bindings(
    predictors=(
        BoundPredictor(name="age", source="patient-age", unit="a"),
        BoundPredictor(
            name="lactate",
            source="observation",
            codes=(Coding(system=LOINC, code="2524-7", display="Lactate [Moles/volume] in Serum or Plasma"),),
            unit="mmol/L",
            within_days=2,
        ),
        BoundPredictor(
            name="sex",
            source="patient-sex",
            values={
                word: (Coding(system="http://hl7.org/fhir/administrative-gender", code=word),)
                for word in ("female", "male")
            },
        ),
    )
)


@dataclass(frozen=True)
class Ward:
    name: str = "ward"
    licence: str = "none needed"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[Record]:
        del root
        yield from TWIN.records(600, seed=5)

    def simulate(self, n: int, *, seed: int) -> Iterator[Record]:
        yield from TWIN.records(n, seed=seed)


def draw(record: Record) -> list[Sample[Record, bool] | Excluded]:
    patient = PatientId(str(record["patient"]))
    return [Sample(SampleId(str(patient)), patient, record.only(SCHEMA), record["died"] == "yes")]


def study() -> Study[Record, Record, bool, float]:
    endpoint = binary(positive="died", negative="survived")
    return Study(
        name="ward",
        question="Who will die?",
        intended_use="Nobody.",
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
