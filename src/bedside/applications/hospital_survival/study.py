"""How long do seriously ill adults in hospital live?"""

from pathlib import Path

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.marginal import Marginal
from bedside.comparators.survival_boosting import SurvivalBoosting
from bedside.comparators.survival_forest import SurvivalForest
from bedside.comparators.weibull import WeibullAft
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Predefined
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.sources.support import SCHEMA, Support
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 10


def study() -> Study[Record, Record, Followed, Incidence]:
    """The study, declared before any result is seen."""
    endpoint = time_to_event(
        horizon=180, unit="days", causes=("death",), horizons=(30, 365), until=1825, steps=120, thresholds=(0.5,)
    )

    def tuned(recipe: Recipe[Record, Followed, Incidence]) -> Tuned[Record, Incidence]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    return Study(
        name="hospital_survival",
        title="Survival of seriously ill adults in hospital",
        question="How long will a seriously ill adult in hospital live?",
        intended_use=(
            "A hospital team on the third day of care for a patient with one of nine serious illnesses, speaking about "
            "goals of care. For research: nothing may be withheld from a patient because of such a number."
        ),
        source=Support(),
        cohort=Cohort(
            eligibility=(
                "Adults in five American teaching hospitals, 1989 to 1994, with acute respiratory failure, multiple "
                "organ failure, coma, heart or lung disease, cirrhosis, colon or lung cancer; alive for three days, "
                "with complete predictors."
            ),
            outcome="Death of any cause, in hospital or after.",
            horizon="180 days from entry; watched for up to five and a half years.",
            draw=draw,
        ),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=tuned(Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=LogisticHazardHead)),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(Marginal(endpoint)),
            tuned(CoxElasticNet(endpoint, SCHEMA)),
            tuned(WeibullAft(endpoint, SCHEMA)),
            tuned(SurvivalBoosting(endpoint, SCHEMA)),
            tuned(SurvivalForest(endpoint, SCHEMA)),
        ),
        validations=(Predefined(),),
        subgroups=("sex", "age_band", "race"),
        primary_comparator="cox",
        trials=TRIALS,
        identity="the data hold no patient identifiers; each row is taken for another patient",
        folder=Path(__file__).parent,
        limits=(
            "What the study's own score rests on (diagnosis, coma score, days in hospital) is not in this file.",
            "The file names no column; names and codes were told from the values and their published shares.",
            "Zeros in blood pressure, heart and respiratory rate stand as they are; some will mean not measured.",
            "Patients of 1989 to 1994 who had lived for three days; care has changed since.",
            "Race stands for much that was not recorded; it is a predictor as in the published comparison.",
        ),
        origin="hospital_survival",
        explainers=EXPLAINERS,
    )


def draw(record: Record) -> list[Sample[Record, Followed] | Excluded]:
    """One patient gives one sample; who was not watched at all is excluded."""
    key = str(record["number"])
    if not record["days"] > 0:
        return [Excluded("not watched after entry", PatientId(key), record.only(SCHEMA))]
    attributes = {
        "sex": record["sex"],
        "age_band": age_band(record["age"]),
        "race": record["race"] if record["race"] in ("white", "black", "hispanic") else "other or not recorded",
        "partition": record["partition"],
    }
    outcome = Followed(record["days"], int(record["died"]))
    return [Sample(SampleId(key), PatientId(key), record.only(SCHEMA), outcome, attributes=attributes)]


def age_band(years: float) -> str:
    """Thirds of these patients, about."""
    if years < 55:
        return "under 55"
    return "55 to 69" if years < 70 else "70 and over"
