"""Does a network tell malignant from benign breast aspirates better than logistic regression does?"""

from pathlib import Path

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.single import SinglePredictor
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, Holdout
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.operating import AtSensitivity
from bedside.evidence.release import SNOMED, Bindings, BoundPredictor, Coding
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.sources.wisconsin_breast_cancer import SCHEMA, WisconsinBreastCancer
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 5

BINDINGS = Bindings(
    hook="patient-view",
    predictors=tuple(
        BoundPredictor(
            name=name,
            source="value",
            note="measured on the outlined nuclei of one aspirate; no record holds it, the measuring software gives it",
        )
        for name in SCHEMA.names
    ),
    result=(Coding(system=SNOMED, code="254837009", display="Malignant neoplasm of breast"),),
)
"""Nothing in a record feeds this model: whoever calls it gives the measurements."""


def study() -> Study[Record, Record, bool, float]:
    """The study, declared before any result is seen."""
    endpoint = binary(positive="malignant", negative="benign", operating=AtSensitivity(0.95), net_benefit=(0.05, 0.5))

    def tuned(recipe: Recipe[Record, bool, float]) -> Tuned[Record, float]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    return Study(
        name="breast_cancer",
        title="Breast cancer in fine-needle aspirates",
        question="Is a breast mass malignant, judging by the nuclei in a fine-needle aspirate?",
        intended_use=(
            "A cytopathologist who has outlined the nuclei of an aspirate on a screen, as a second opinion before "
            "deciding on biopsy. For research: the model has not been tried outside the clinic it comes from."
        ),
        source=WisconsinBreastCancer(),
        cohort=Cohort(
            eligibility="Women with a breast mass whose fine-needle aspirate was digitised and measured.",
            outcome="Malignant or benign, by biopsy or, for benign masses, by follow-up.",
            horizon="At the same visit.",
            draw=draw,
        ),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=tuned(Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=BinaryHead)),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(SinglePredictor(endpoint, SCHEMA, "worst_concave_points")),
            tuned(ElasticNet(endpoint, SCHEMA)),
            tuned(Boosting(endpoint, SCHEMA)),
            tuned(Forest(endpoint, SCHEMA)),
        ),
        validations=(CrossValidation(folds=5, repeats=2, inner=3), Holdout(inner=3)),
        primary_measure="auroc",
        primary_comparator="elastic_net",
        margin=0.005,
        trials=TRIALS,
        identity="the data hold no patient identifiers; each aspirate is taken for another woman",
        folder=Path(__file__).parent,
        limits=(
            "One clinic, 1984 to 1995; the measurements depend on its software and on who outlined the nuclei.",
            (
                "More than a third of the masses are malignant, far more than in screening: predictive values and net "
                "benefit do not transport."
            ),
            (
                "A single holdout has some 85 cases: by chance alone logistic regression scores below .995 in about "
                "one division in four and 1.000 in about three in ten. The verdict rests on cross-validation."
            ),
            "Neither age nor any other attribute of the women is published, so no subgroup can be looked at.",
        ),
        origin="breast_cancer",
        explainers=EXPLAINERS,
        bindings=BINDINGS,
    )


def draw(record: Record) -> list[Sample[Record, bool] | Excluded]:
    """One aspirate gives one sample; an unknown diagnosis is excluded."""
    key = str(record["aspirate"])
    if record["diagnosis"] not in ("malignant", "benign"):
        return [Excluded("diagnosis not known", PatientId(key), record.only(SCHEMA))]
    return [Sample(SampleId(key), PatientId(key), record.only(SCHEMA), record["diagnosis"] == "malignant")]
