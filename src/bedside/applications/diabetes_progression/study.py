"""Does a network foretell the course of diabetes over a year better than linear regression does?"""

from pathlib import Path

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.single import SinglePredictor
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.continuous.kind import continuous
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.sources.diabetes_progression import SCHEMA, DiabetesProgression
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 10


def study() -> Study[Record, Record, float, float]:
    """The study, declared before any result is seen."""
    endpoint = continuous(unit="points", name="progression")

    def tuned(recipe: Recipe[Record, float, float]) -> Tuned[Record, float]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    return Study(
        name="diabetes_progression",
        title="Progression of diabetes over one year",
        question="How far will a patient's diabetes have progressed in one year?",
        intended_use=(
            "A diabetologist planning how closely to follow a patient after a baseline examination. For research and "
            "teaching: what the progression measure consists of was never published."
        ),
        source=DiabetesProgression(),
        cohort=Cohort(
            eligibility="Patients with diabetes who had a baseline examination and were seen again.",
            outcome="A quantitative measure of disease progression, 25 to 346 points.",
            horizon="One year after baseline.",
            draw=draw,
        ),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=tuned(Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=ContinuousHead)),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(SinglePredictor(endpoint, SCHEMA, "bmi")),
            tuned(ElasticNet(endpoint, SCHEMA)),
            tuned(Boosting(endpoint, SCHEMA)),
            tuned(Forest(endpoint, SCHEMA)),
        ),
        validations=(CrossValidation(folds=5, repeats=2, inner=3), Holdout(inner=3)),
        subgroups=("sex", "age_band"),
        primary_measure="rmse",
        primary_comparator="elastic_net",
        margin=1.0,
        trials=TRIALS,
        identity="the data hold no patient identifiers; each row is taken for another patient",
        folder=Path(__file__).parent,
        limits=(
            "What the progression measure consists of, and who took it, was not published.",
            "Which sex the codes 1 and 2 stand for is not documented; the subgroups keep the codes.",
            "Patients who were not seen again are not in the data, and their number is unknown.",
            "One sample of unknown origin; nothing is known about other populations.",
        ),
        origin="diabetes_progression",
        explainers=EXPLAINERS,
    )


def draw(record: Record) -> list[Sample[Record, float] | Excluded]:
    """One patient gives one sample; an unknown course is excluded."""
    key = str(record["number"])
    if record["progression"] is None:
        return [Excluded("not seen again after one year", PatientId(key), record.only(SCHEMA))]
    attributes = {"sex": f"code {record['sex']}", "age_band": age_band(record["age"])}
    return [
        Sample(SampleId(key), PatientId(key), record.only(SCHEMA), float(record["progression"]), attributes=attributes)
    ]


def age_band(years: float | None) -> str:
    """Thirds of these patients, about."""
    if years is None:
        return "unknown"
    if years < 40:
        return "under 40"
    return "40 to 54" if years < 55 else "55 and over"
