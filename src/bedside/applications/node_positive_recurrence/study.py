"""When does node-positive breast cancer come back: learned in Rotterdam, judged in a German trial?"""

from pathlib import Path

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.marginal import Marginal
from bedside.comparators.score_hazard import ScoreHazard
from bedside.comparators.scores.nottingham import SOURCE, nottingham_index
from bedside.comparators.survival_boosting import SurvivalBoosting
from bedside.comparators.survival_forest import SurvivalForest
from bedside.comparators.weibull import WeibullAft
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, External
from bedside.endpoints.time_to_event.heads.logistic_hazard import LogisticHazardHead
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.sources.rotterdam_gbsg import GRADE, SCHEMA, SIZES, Gbsg, Rotterdam
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 10

WITH_GRADE = Schema((*SCHEMA.columns, GRADE))
"""What a case holds: models see `SCHEMA` alone, as in the published comparison; the index needs the grade."""

_MIDDLE = dict(zip(SIZES, (1.5, 3.0, 6.0), strict=True))
"""Centimetres that stand for a class of size: Rotterdam recorded classes alone."""


def study() -> Study[Record, Record, Followed, Incidence]:
    """The study, declared before any result is seen."""
    endpoint = time_to_event(
        horizon=60, unit="months", causes=("recurrence or death",), horizons=(36,), until=84, thresholds=(0.3, 0.5)
    )

    def tuned(recipe: Recipe[Record, Followed, Incidence]) -> Tuned[Record, Incidence]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    return Study(
        name="node_positive_recurrence",
        title="Recurrence of node-positive breast cancer",
        question="When will node-positive breast cancer come back, or the woman die, after surgery?",
        intended_use=(
            "An oncologist after surgery for node-positive breast cancer, speaking about the risk that is left. For "
            "research: women were treated in the 1980s and 1990s, and treatment stands among the predictors."
        ),
        source=Rotterdam(),
        cohort=Cohort(
            eligibility="Women with node-positive primary breast cancer after surgery.",
            outcome="Recurrence or death, whichever came first.",
            horizon="Five years from surgery; judged up to seven.",
            draw=draw,
        ),
        modality=tabular(WITH_GRADE),
        endpoint=endpoint,
        model=tuned(Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=LogisticHazardHead)),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(Marginal(endpoint)),
            tuned(
                ScoreHazard(
                    name="nottingham_index",
                    label="Nottingham prognostic index (size by class)",
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
        validations=(External(source=Gbsg()), CrossValidation(folds=5, inner=3)),
        subgroups=("menopause", "hormone_therapy"),
        primary_comparator="cox",
        trials=TRIALS,
        identity="the two sources were different hospitals; each row is taken for another woman",
        folder=Path(__file__).parent,
        limits=(
            "Hormone therapy was chosen in Rotterdam and partly by lot in the trial; its coefficient is no effect.",
            "Follow-up for recurrence ended before death in 43 Rotterdam women; they are censored where it ended.",
            "Grade is not among the predictors, as in the published comparison; only the index uses it.",
            "Classes of size stand for millimetres, also where the trial measured them.",
            "Before HER2, taxanes and aromatase inhibitors.",
        ),
        origin="node_positive_recurrence",
        explainers=EXPLAINERS,
    )


def draw(record: Record) -> list[Sample[Record, Followed] | Excluded]:
    """One woman gives one sample; who was not watched at all is excluded."""
    key = str(record["number"])
    if not record["months"] > 0:
        return [Excluded("not watched after surgery", PatientId(key), record.only(WITH_GRADE))]
    attributes = {
        "menopause": "past" if record["menopause"] == "yes" else "before",
        "hormone_therapy": record["hormone_therapy"],
        "source": record["source"],
    }
    outcome = Followed(record["months"], int(record["event"]))
    return [Sample(SampleId(key), PatientId(key), record.only(WITH_GRADE), outcome, attributes=attributes)]


def points(record: Record) -> float | None:
    """The index of one woman, the middle of her class standing for the size; None where a part of it is not known."""
    size, grade, nodes = record["tumour_size"], record["grade"], record["nodes"]
    if size is None or grade not in (1, 2, 3) or nodes is None or nodes < 0:
        return None
    return nottingham_index(size=_MIDDLE[size], grade=int(grade), nodes=round(nodes))
