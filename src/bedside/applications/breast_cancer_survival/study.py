"""How long do women with breast cancer live, told from four genes, receptor, treatment and age?"""

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
from bedside.sources.metabric import SCHEMA, Metabric
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 10


def study() -> Study[Record, Record, Followed, Incidence]:
    """The study, declared before any result is seen."""
    endpoint = time_to_event(
        horizon=120, unit="months", causes=("death",), horizons=(60,), until=300, thresholds=(0.2, 0.5)
    )

    def tuned(recipe: Recipe[Record, Followed, Incidence]) -> Tuned[Record, Incidence]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    return Study(
        name="breast_cancer_survival",
        title="Survival of women with breast cancer",
        question="How long will a woman with breast cancer live, given four genes, her receptor, treatment and age?",
        intended_use=(
            "An oncologist who has the pathology and expression of a resected breast cancer, speaking about prognosis. "
            "For research: treatment stands among the predictors, so that nothing follows about its effect."
        ),
        source=Metabric(),
        cohort=Cohort(
            eligibility="Women with primary breast cancer of the METABRIC cohort with complete predictors.",
            outcome="Death of any cause.",
            horizon="Ten years from diagnosis; watched for up to 30.",
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
        subgroups=("age_band", "receptor"),
        primary_comparator="cox",
        trials=TRIALS,
        identity="the data hold no patient identifiers; each row is taken for another woman",
        folder=Path(__file__).parent,
        limits=(
            "Death of any cause: old women die of other things, and age alone predicts much of it.",
            "Treatment was chosen by prognosis and stands among the predictors; its coefficients are no effects.",
            "Tumour size, nodes and grade, which every clinician has, are not in the file.",
            "The file names no column; which gene is which was told from the values.",
            "Diagnosed decades ago; treatment and survival have changed since.",
        ),
        origin="breast_cancer_survival",
        explainers=EXPLAINERS,
    )


def draw(record: Record) -> list[Sample[Record, Followed] | Excluded]:
    """One woman gives one sample; who was not watched at all is excluded."""
    key = str(record["number"])
    if not record["months"] > 0:
        return [Excluded("not watched after diagnosis", PatientId(key), record.only(SCHEMA))]
    attributes = {
        "age_band": age_band(record["age"]),
        "receptor": "positive" if record["er_positive"] == "yes" else "negative",
        "partition": record["partition"],
    }
    outcome = Followed(record["months"], int(record["died"]))
    return [Sample(SampleId(key), PatientId(key), record.only(SCHEMA), outcome, attributes=attributes)]


def age_band(years: float) -> str:
    """Thirds of these women, about."""
    if years < 50:
        return "under 50"
    return "50 to 69" if years < 70 else "70 and over"
