"""Does a network foresee early readmission of diabetic patients better than discharge scores do?"""

from pathlib import Path

from bedside.applications.readmission.encounters import SCHEMA, Encounters
from bedside.applications.readmission.scores import HOSPITAL_PARTS, LACE_PARTS, hospital, lace
from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.points import PointsScore
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Holdout
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.operating import AtSpecificity
from bedside.explain.tabular import EXPLAINERS
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.modality import tabular
from bedside.modalities.tabular.table import Record
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 10
TUNING_LIMIT = 20_000
"""Encounters of development that trials are fitted on, whole patients; the chosen settings see all of them."""

DIED = 11
HOSPICE = frozenset({13, 14, 19, 20, 21})
"""Discharge codes: to hospice at home or in a facility, and death under hospice care."""


def study() -> Study[Record, Record, bool, float]:
    """The study, declared before any result is seen."""
    endpoint = binary(
        positive="readmitted", negative="not readmitted", operating=AtSpecificity(0.8), net_benefit=(0.05, 0.3)
    )

    def tuned(recipe: Recipe[Record, bool, float]) -> Tuned[Record, float]:
        return Tuned(recipe, endpoint, trials=TRIALS, limit=TUNING_LIMIT)

    return Study(
        name="readmission",
        title="Readmission of patients with diabetes within 30 days",
        question="Will a patient with diabetes be back in hospital within 30 days of discharge?",
        intended_use=(
            "A discharge team on the day of discharge, choosing whom to call, visit or see early. For research: the "
            "hospitals are of 1999 to 2008."
        ),
        source=Encounters(),
        cohort=Cohort(
            eligibility=(
                "Inpatient encounters of one to fourteen days of patients with diabetes at 130 US hospitals, 1999 to "
                "2008, with laboratory tests and medication; discharged alive and not to hospice."
            ),
            outcome="Readmission to a hospital of the same data warehouse.",
            horizon="Within 30 days of discharge.",
            draw=draw,
        ),
        modality=tabular(SCHEMA),
        endpoint=endpoint,
        model=tuned(Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=BinaryHead)),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(PointsScore("hospital", "HOSPITAL score (partial)", endpoint, hospital, HOSPITAL_PARTS)),
            tuned(PointsScore("lace", "LACE index (partial)", endpoint, lace, LACE_PARTS)),
            tuned(ElasticNet(endpoint, SCHEMA)),
            tuned(Boosting(endpoint, SCHEMA)),
            tuned(Forest(endpoint, SCHEMA)),
        ),
        validations=(Holdout(),),
        subgroups=("race", "sex", "age_band"),
        primary_measure="auroc",
        primary_comparator="boosting",
        minimum_group=50,
        trials=TRIALS,
        identity="by the publisher's patient number; all encounters of a patient stand in one partition",
        folder=Path(__file__).parent,
        limits=(
            "Death after discharge is not observed: who died at home within 30 days counts as not readmitted.",
            "Readmission elsewhere than in the data warehouse's hospitals is not seen.",
            (
                "Neither hospital nor date are published, so validation is neither by site nor over time, and "
                "encounters of a patient cannot be put in order."
            ),
            (
                "Both discharge scores are partial: LACE has three diagnoses at three digits and a year of emergency "
                "visits; HOSPITAL lacks haemoglobin, sodium and oncology service."
            ),
            "Patients with one to forty encounters: intervals and tests are clustered by patient.",
            f"Trials of the tuning see {TUNING_LIMIT:,} development encounters; the chosen settings are fitted on all.",
            "Race is not a predictor; the payer is, and stands for circumstances that race is tied to.",
        ),
        origin="readmission",
        explainers=EXPLAINERS,
    )


def draw(record: Record) -> list[Sample[Record, bool] | Excluded]:
    """One encounter gives one sample, or is excluded when the patient died, went to hospice or was not followed."""
    patient = PatientId(str(record["patient_nbr"]))
    disposition = record["discharge_disposition_id"]
    if disposition == DIED:
        return [Excluded("died in hospital", patient)]
    if disposition in HOSPICE:
        return [Excluded("discharged to hospice, or died under its care", patient)]
    if record["readmitted"] not in ("<30", ">30", "NO"):
        return [Excluded("readmission not known", patient, record.only(SCHEMA))]
    attributes = {
        "race": _RACES.get(record["race"], "unknown"),
        "sex": record["sex"] or "unknown",
        "age_band": age_band(record["age"]),
    }
    return [
        Sample(
            SampleId(str(record["encounter_id"])),
            patient,
            record.only(SCHEMA),
            record["readmitted"] == "<30",
            attributes=attributes,
        )
    ]


_RACES = {
    "Caucasian": "Caucasian",
    "AfricanAmerican": "African American",
    "Hispanic": "Hispanic",
    "Asian": "Asian",
    "Other": "other",
}


def age_band(years: float | None) -> str:
    """Twenty years a band, as the published ten-year bands allow."""
    if years is None:
        return "unknown"
    if years < 40:
        return "under 40"
    if years < 60:
        return "40 to 59"
    return "60 to 79" if years < 80 else "80 and over"
