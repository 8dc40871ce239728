"""Does a network find the women who will develop diabetes better than a glucose reading does?"""

from pathlib import Path

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.single import SinglePredictor
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation, Holdout, LearningCurve
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.operating import AtSensitivity
from bedside.evidence.release import LOINC, SNOMED, Bindings, BoundPredictor, Coding
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.sources.pima_diabetes import SCHEMA, PimaDiabetes
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 10

BINDINGS = Bindings(
    hook="patient-view",
    predictors=(
        BoundPredictor(
            name="pregnancies",
            source="observation",
            codes=(Coding(system=LOINC, code="11996-6", display="[#] Pregnancies"),),
            unit="1",
        ),
        BoundPredictor(
            name="glucose",
            source="observation",
            codes=(
                Coding(
                    system=LOINC,
                    code="1518-0",
                    display="Glucose [Mass/volume] in Serum or Plasma --2 hours post 75 g glucose PO",
                ),
            ),
            unit="mg/dL",
            within_days=90,
            note="two hours into an oral glucose tolerance test; a fasting or random glucose is another measurement",
        ),
        BoundPredictor(
            name="blood_pressure",
            source="observation",
            codes=(Coding(system=LOINC, code="8462-4", display="Diastolic blood pressure"),),
            unit="mm[Hg]",
            within_days=365,
        ),
        BoundPredictor(
            name="skin_fold",
            source="value",
            note="the triceps skin fold is hardly ever recorded outside studies; it is taken for missing",
        ),
        BoundPredictor(
            name="insulin",
            source="observation",
            codes=(
                Coding(
                    system=LOINC,
                    code="27826-7",
                    display="Insulin [Units/volume] in Serum or Plasma --2 hours post XXX challenge",
                ),
            ),
            unit="u[IU]/mL",
            within_days=90,
        ),
        BoundPredictor(
            name="bmi",
            source="observation",
            codes=(Coding(system=LOINC, code="39156-5", display="Body mass index (BMI) [Ratio]"),),
            unit="kg/m2",
            within_days=365,
        ),
        BoundPredictor(
            name="pedigree",
            source="value",
            note=(
                "the weighted family history was computed from the relatives that the study had examined; no record "
                "holds it, and it is taken for missing"
            ),
        ),
        BoundPredictor(name="age", source="patient-age", unit="a"),
    ),
    result=(Coding(system=SNOMED, code="73211009", display="Diabetes mellitus"),),
)
"""Where a record holds the predictors. How long a measurement counts is our choice: in the
study all were taken on one day."""


def study() -> Study[Record, Record, bool, float]:
    """The study, declared before any result is seen."""
    endpoint = binary(positive="diabetes", negative="no diabetes", operating=AtSensitivity(0.9), net_benefit=(0.1, 0.5))

    def tuned(recipe: Recipe[Record, bool, float]) -> Tuned[Record, float]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    return Study(
        name="diabetes_screening",
        title="Diabetes within five years in Pima women",
        question="Which women without diabetes at examination will develop it within five years?",
        intended_use=(
            "A primary-care team that has examined a woman of Pima heritage, deciding whom to offer a prevention "
            "programme. For research: the cohort is from one community, decades ago."
        ),
        source=PimaDiabetes(),
        cohort=Cohort(
            eligibility=(
                "Women of Pima heritage of at least 21 years living near Phoenix, Arizona, without diabetes at the "
                "examination."
            ),
            outcome="Diabetes by the criteria of the World Health Organization at a later examination.",
            horizon="Within five years of the examination.",
            draw=draw,
        ),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=tuned(Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=BinaryHead)),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(SinglePredictor(endpoint, SCHEMA, "glucose")),
            tuned(ElasticNet(endpoint, SCHEMA)),
            tuned(Boosting(endpoint, SCHEMA)),
            tuned(Forest(endpoint, SCHEMA)),
        ),
        validations=(
            CrossValidation(folds=5, repeats=2, inner=3),
            Holdout(inner=3),
            LearningCurve(shares=(0.25, 0.5, 1.0)),
        ),
        subgroups=("age_band",),
        primary_measure="auroc",
        primary_comparator="elastic_net",
        trials=TRIALS,
        identity="the data hold no patient identifiers; each row is taken for another woman",
        folder=Path(__file__).parent,
        limits=(
            "One community with an exceptionally high incidence; nothing is known about other populations or men.",
            (
                "Zeros stand for missing in glucose, blood pressure, skin fold, insulin and body mass index; insulin "
                "is missing for almost half of the women."
            ),
            (
                "How women entered the table was not random: easy cases (diabetes within a year) were left out by "
                "those who made it."
            ),
            "Glucose alone discriminates at an AUROC near .79; a model has to beat that to be of use.",
        ),
        origin="diabetes_screening",
        explainers=EXPLAINERS,
        bindings=BINDINGS,
    )


def draw(record: Record) -> list[Sample[Record, bool] | Excluded]:
    """One woman gives one sample; an unknown course is excluded."""
    key = str(record["number"])
    if record["diabetes"] not in (0, 1):
        return [Excluded("later course not known", PatientId(key), record.only(SCHEMA))]
    attributes = {"age_band": age_band(record["age"])}
    return [Sample(SampleId(key), PatientId(key), record.only(SCHEMA), record["diabetes"] == 1, attributes=attributes)]


def age_band(years: float | None) -> str:
    """Bands that the young age of these women allows."""
    if years is None:
        return "unknown"
    if years < 30:
        return "21 to 29"
    return "30 to 39" if years < 40 else "40 and over"
