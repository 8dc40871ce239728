"""How long do residents of a county live, told from free light chains, creatinine, age and sex?"""

from pathlib import Path

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.marginal import Marginal
from bedside.comparators.score_hazard import ScoreHazard
from bedside.comparators.survival_boosting import SurvivalBoosting
from bedside.comparators.survival_forest import SurvivalForest
from bedside.comparators.weibull import WeibullAft
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Holdout
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.sources.flchain import SCHEMA, TENTH, Flchain
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 10

WITH_TENTH = Schema((*SCHEMA.columns, TENTH))
"""What a case holds: models see `SCHEMA` alone, from which the tenth was made."""


def study() -> Study[Record, Record, Followed, Incidence]:
    """The study, declared before any result is seen."""
    endpoint = time_to_event(
        horizon=10, unit="years", causes=("death",), horizons=(5,), until=13, thresholds=(0.1, 0.3)
    )

    def tuned(recipe: Recipe[Record, Followed, Incidence]) -> Tuned[Record, Incidence]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    return Study(
        name="light_chain_mortality",
        title="Mortality and free light chains in the general population",
        question="How long will a resident of 50 years or more live, given free light chains, creatinine, age and sex?",
        intended_use=(
            "An epidemiologist asking what light chains add to age and sex. For research: the assay is not done in "
            "healthy people, and no care follows from the number."
        ),
        source=Flchain(),
        cohort=Cohort(
            eligibility=(
                "Residents of Olmsted County, Minnesota, of at least 50 years whose serum was assayed, 1995 to 2003."
            ),
            outcome="Death of any cause.",
            horizon="Ten years from the sample; judged up to 13.",
            draw=draw,
        ),
        modality=tabular(WITH_TENTH),
        endpoint=endpoint,
        model=tuned(Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=LogisticHazardHead)),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(Marginal(endpoint)),
            tuned(
                ScoreHazard(
                    name="light_chain_tenth",
                    label="Tenth of the light chains' sum",
                    endpoint=endpoint,
                    points=points,
                    description=(
                        "The published tenth of the sum of both light chains (Dispenzieri et al., Mayo Clin Proc 2012) "
                        "turned into incidences by one hazard ratio a tenth."
                    ),
                )
            ),
            tuned(CoxElasticNet(endpoint, SCHEMA)),
            tuned(WeibullAft(endpoint, SCHEMA)),
            tuned(SurvivalBoosting(endpoint, SCHEMA)),
            tuned(SurvivalForest(endpoint, SCHEMA)),
        ),
        validations=(Holdout(),),
        subgroups=("sex", "age_band"),
        primary_comparator="cox",
        trials=TRIALS,
        identity="the data hold no patient identifiers; each row is taken for another resident",
        folder=Path(__file__).parent,
        limits=(
            "Age predicts most of it; what light chains add must be looked for against a model that has age.",
            "Creatinine was not measured in every sixth resident.",
            "One county, whose residents are nearly all white; nothing is known about others.",
            "The year of the sample tells how long somebody could be watched, and is no predictor.",
            "Three residents who died on the day of the sample are excluded.",
        ),
        origin="light_chain_mortality",
        explainers=EXPLAINERS,
    )


def draw(record: Record) -> list[Sample[Record, Followed] | Excluded]:
    """One resident gives one sample; who was not watched at all is excluded."""
    key = str(record["number"])
    if not record["years"] > 0:
        return [Excluded("died or left on the day of the sample", PatientId(key), record.only(WITH_TENTH))]
    attributes = {"sex": record["sex"], "age_band": age_band(record["age"])}
    outcome = Followed(record["years"], int(record["died"]))
    return [Sample(SampleId(key), PatientId(key), record.only(WITH_TENTH), outcome, attributes=attributes)]


def points(record: Record) -> float | None:
    """The tenth, 1 to 10; None where it is not known."""
    tenth: float | None = record[TENTH.name]
    return tenth


def age_band(years: float) -> str:
    """Bands of the age."""
    if years < 60:
        return "50 to 59"
    return "60 to 74" if years < 75 else "75 and over"
