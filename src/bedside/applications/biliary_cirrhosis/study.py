"""When do patients with primary biliary cholangitis die, where some are transplanted before?"""

from pathlib import Path

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.marginal import Marginal
from bedside.comparators.score_hazard import ScoreHazard
from bedside.comparators.scores.mayo_cholangitis import SOURCE, mayo_score
from bedside.comparators.survival_boosting import SurvivalBoosting
from bedside.comparators.survival_forest import SurvivalForest
from bedside.comparators.weibull import WeibullAft
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.sources.primary_biliary_cholangitis import SCHEMA, PrimaryBiliaryCholangitis
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 10

_EVENTS = {0: 0, 2: 1, 1: 2}
"""The file's endings (1 transplanted, 2 died) as causes: death is of interest, a transplant competes with it."""


def study() -> Study[Record, Record, Followed, Incidence]:
    """The study, declared before any result is seen."""
    endpoint = time_to_event(
        horizon=5, unit="years", causes=("death", "transplant"), horizons=(2,), until=10, thresholds=(0.1, 0.3)
    )

    def tuned(recipe: Recipe[Record, Followed, Incidence]) -> Tuned[Record, Incidence]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    return Study(
        name="biliary_cirrhosis",
        title="Death in primary biliary cholangitis",
        question="How likely is a patient with primary biliary cholangitis to die without a transplant, and when?",
        intended_use=(
            "A hepatologist who follows a patient with primary biliary cholangitis, when to refer for "
            "transplantation. For research: patients of 1974 to 1984, before today's treatment."
        ),
        source=PrimaryBiliaryCholangitis(),
        cohort=Cohort(
            eligibility=(
                "Patients with primary biliary cholangitis referred to the Mayo Clinic, 1974 to 1984, who met the "
                "entry criteria of a trial of D-penicillamine, whether they took part or not."
            ),
            outcome="Death before any transplant; a transplant competes with it.",
            horizon="Five years from registration; judged up to ten.",
            draw=draw,
        ),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=tuned(Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=LogisticHazardHead)),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(Marginal(endpoint)),
            tuned(
                ScoreHazard(
                    name="mayo_score",
                    label="Mayo risk score",
                    endpoint=endpoint,
                    points=points,
                    description=f"{SOURCE}, turned into incidences by one hazard ratio a point.",
                )
            ),
            tuned(CoxElasticNet(endpoint, SCHEMA)),
            tuned(WeibullAft(endpoint, SCHEMA)),
            tuned(SurvivalBoosting(endpoint, SCHEMA)),
            tuned(SurvivalForest(endpoint, SCHEMA)),
        ),
        validations=(CrossValidation(folds=5, repeats=2, inner=3), Holdout(inner=3)),
        subgroups=("sex", "age_band"),
        primary_comparator="cox",
        trials=TRIALS,
        identity="one row a patient, as the file's identifiers say",
        folder=Path(__file__).parent,
        limits=(
            "The Mayo score was derived from 312 of these very patients: its figures are apparent ones and flatter it.",
            "25 transplants: whoever was transplanted was ill, so that the two endings are not independent.",
            "418 patients and 161 deaths: intervals are wide.",
            "Before ursodeoxycholic acid; today's patients live longer.",
            "Measurements that only trial patients had are left out: their absence names the others.",
        ),
        origin="biliary_cirrhosis",
        explainers=EXPLAINERS,
    )


def draw(record: Record) -> list[Sample[Record, Followed] | Excluded]:
    """One patient gives one sample; an unknown ending is excluded."""
    key = str(record["number"])
    if record["ending"] not in _EVENTS or not record["years"] > 0:
        return [Excluded("ending not known, or not watched", PatientId(key), record.only(SCHEMA))]
    attributes = {"sex": record["sex"], "age_band": "under 50" if record["age"] < 50 else "50 and over"}
    outcome = Followed(record["years"], _EVENTS[int(record["ending"])])
    return [Sample(SampleId(key), PatientId(key), record.only(SCHEMA), outcome, attributes=attributes)]


def points(record: Record) -> float | None:
    """The score of one patient; None where a part of it was not measured, or cannot be a measurement."""
    parts = {name: record[name] for name in ("age", "bilirubin", "albumin", "prothrombin_time", "oedema")}
    oedema = parts["oedema"]
    if any(value is None or value < 0 for value in parts.values()) or oedema > 1:
        return None
    return None if min(value for name, value in parts.items() if name != "oedema") <= 0 else mayo_score(**parts)
