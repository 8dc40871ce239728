"""Smoke test: death in hospital after the first day in intensive care, in the few stays of the eICU demo excerpt."""

from functools import partial
from pathlib import Path

import polars as pl

from bedside.applications.eicu_mortality.charts import OfExamination
from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.points import PointsScore
from bedside.comparators.scores.charlson import SOURCE as CHARLSON_SOURCE
from bedside.comparators.scores.charlson import of_history
from bedside.comparators.scores.early_warning import NEWS2_SOURCE, QSOFA_SOURCE, news2, qsofa
from bedside.comparators.window_summaries import WindowSummaries
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import CrossValidation
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.modalities.records.cohort.cases import Case
from bedside.modalities.records.cohort.drawn_cases import DrawnCases
from bedside.modalities.records.cohort.toml import load_cohort
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.records.history import History
from bedside.modalities.records.modality import records
from bedside.modalities.records.readers.eicu import patient_of
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.sources.eicu_demo import EicuDemo
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 2
COHORT = load_cohort(Path(__file__).parent / "cohort.toml")
"""The declared cohort."""


def study(*, epochs: int = 20, trials: int = TRIALS) -> Study[Case, History, bool, float]:
    """The study, declared before any result is seen.

    Args:
        epochs: Most passes over development.
        trials: Of every learner.
    """
    endpoint = binary(positive="died", negative="left alive")

    def tuned(recipe: Recipe[History, bool, float]) -> Tuned[History, float]:
        return Tuned(recipe, endpoint, trials=trials)

    network = Network(
        endpoint=endpoint,
        trunk=RecordTrunk(BagOfEvents()),
        head=BinaryHead,
        name="events_network",
        label="Network on events (bag of events)",
        loop=Loop(epochs=epochs, batch=16),
    )
    scores = (
        ("qsofa", "qSOFA", OfExamination(qsofa), f"{QSOFA_SOURCE}, of the latest examination of the first day."),
        ("news2", "NEWS2, without temperature", OfExamination(news2), f"{NEWS2_SOURCE}, of the latest examination."),
        ("charlson", "Charlson index", of_history, f"{CHARLSON_SOURCE}, of the diagnoses entered by then."),
    )
    return Study(
        name="eicu_mortality",
        title="Smoke test: death in hospital after the first day of intensive care (eICU demo)",
        question="Will a patient who has been in intensive care for 24 hours die in hospital?",
        intended_use=(
            "None: a test that records of many hospitals go through from tables to a report. Five deaths support no "
            "claim about any model."
        ),
        source=DrawnCases(EicuDemo(), COHORT),
        cohort=Cohort(
            eligibility=COHORT.eligibility,
            outcome="Death before discharge from hospital, from the hospital's records.",
            horizon="Until discharge, whenever that is.",
            draw=draw,
        ),
        modality=records(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(  # from simple to complex: the release rule reads the order
            *(tuned(PointsScore(name, label, endpoint, rule, source)) for name, label, rule, source in scores),
            tuned(
                WindowSummaries(
                    partial(ElasticNet, endpoint), "elastic_net", "Logistic regression on summaries (elastic net)"
                )
            ),
            tuned(
                WindowSummaries(partial(Boosting, endpoint), "boosting", "Gradient boosting on summaries (LightGBM)")
            ),
        ),
        validations=(CrossValidation(folds=3, inner=2),),
        subgroups=("sex",),
        primary_measure="auroc",
        primary_comparator="elastic_net",
        trials=trials,
        identity="by patient; admissions of one patient whose order is not known are subjects of their own",
        folder=Path(__file__).parent,
        limits=(
            "A smoke test: 98 stays and 5 deaths support no claim, whatever the figures say.",
            "An excerpt of a demo; how its stays were chosen is not told.",
            "Monitors and the nurses' chart are not in the excerpt: vital signs are those of written examinations.",
            "NEWS2 and qSOFA count what was not examined as normal, and NEWS2 goes without temperature.",
        ),
        origin="eicu_mortality",
    )


def draw(case: Case) -> list[Sample[History, bool] | Excluded]:
    """One stay in a unit gives one sample, or is excluded as the declared cohort says."""
    patient = PatientId(person(case.patient))
    if case.history is None:
        return [Excluded(case.reason or "", patient)]
    died = case.label["boolean_value"]
    if died is None:
        return [Excluded("how the hospital was left is not known", patient, case.history)]
    return [Sample(SampleId(str(case.sample)), patient, case.history, died, case.index_time, case.attributes)]


def person(subject: str) -> str:
    """Whose admissions a subject of the table is: one patient may be several."""
    found: str = pl.select(patient_of(pl.lit(subject))).item()
    return found
