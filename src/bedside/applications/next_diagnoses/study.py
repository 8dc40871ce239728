"""Smoke test: which diagnoses the next encounter brings, in the few invented patients of Synthea."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from bedside.applications.next_diagnoses.labels import DEVELOPMENT, LABELS, TEST, TimesBefore, partition
from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.one_by_one import OneByOne
from bedside.comparators.points import PointsScore
from bedside.comparators.window_summaries import WindowSummaries
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Predefined
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multilabel.head import MultilabelHead
from bedside.endpoints.multilabel.kind import multilabel
from bedside.endpoints.multilabel.labels import Chances, Findings
from bedside.modalities.records.cohort.cases import Case
from bedside.modalities.records.cohort.drawn_cases import DrawnCases
from bedside.modalities.records.cohort.toml import load_cohort
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.records.history import History
from bedside.modalities.records.modality import records
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.sources.synthea_bundles import SyntheaBundles
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 2
COHORT = load_cohort(Path(__file__).parent / "cohort.toml")
"""The declared cohort."""


def study(*, epochs: int = 20, trials: int = TRIALS) -> Study[Case, History, Findings, Chances]:
    """The study, declared before any result is seen.

    Args:
        epochs: Most passes over development.
        trials: Of every learner.
    """
    # So few patients cannot be dealt by their diagnoses: some kind of patient is always rarer than there are folds.
    endpoint = replace(multilabel(labels=tuple(LABELS)), stratum=lambda _: 0)

    def tuned(recipe: Recipe[History, Findings, Chances]) -> Tuned[History, Chances]:
        return Tuned(recipe, endpoint, trials=trials)

    network = Network(
        endpoint=endpoint,
        trunk=RecordTrunk(BagOfEvents()),
        head=MultilabelHead,
        name="events_network",
        label="Network on events (bag of events)",
        loop=Loop(epochs=epochs, batch=16),
    )
    return Study(
        name="next_diagnoses",
        title="Smoke test: diagnoses at the next encounter (Synthea)",
        question="Which of the commonest diagnoses will be recorded at a patient's next encounter?",
        intended_use=(
            "None: a test that FHIR bundles go through from resources to a report. The patients are invented, so that "
            "nothing learned from them is about anybody."
        ),
        source=DrawnCases(SyntheaBundles(), COHORT),
        cohort=Cohort(
            eligibility=COHORT.eligibility,
            outcome=(
                "Which diagnoses are recorded at the next encounter, among the two that most patients of development "
                "had at one."
            ),
            horizon="Until the end of the next encounter, whenever that is.",
            draw=draw,
        ),
        modality=records(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(OneByOne(endpoint, times_before)),
            tuned(
                OneByOne(
                    endpoint,
                    lambda one: WindowSummaries(
                        partial(ElasticNet, one), "elastic_net", "Logistic regression on summaries (elastic net)"
                    ),
                )
            ),
            tuned(
                OneByOne(
                    endpoint,
                    lambda one: WindowSummaries(
                        partial(Boosting, one), "boosting", "Gradient boosting on summaries (LightGBM)"
                    ),
                )
            ),
        ),
        validations=(
            Predefined(
                attribute="set",
                development=(DEVELOPMENT,),
                tuning=(),
                test=(TEST,),
                fixed=(
                    "A third of the patients, by a hash of their identifier, was judged; the diagnoses to predict are "
                    "the commonest among the others. Which third, and how many diagnoses, was chosen knowing how many "
                    "patients have each, so that all occur on either side."
                ),
            ),
        ),
        subgroups=("sex",),
        primary_measure="auroc_macro",
        primary_comparator="times_before",
        trials=trials,
        identity="by patient",
        folder=Path(__file__).parent,
        limits=(
            "A smoke test: 19 patients who were invented by rules support no claim, whatever the figures say.",
            "Diagnoses were chosen because they are common among these patients, not because they matter.",
            "Encounters of a patient are alike, and a handful of patients is judged: intervals are wide and uncertain.",
            "What is not recorded at the next encounter counts as absent.",
        ),
        origin="next_diagnoses",
    )


def times_before(endpoint: Endpoint[bool, float]) -> PointsScore[History, float]:
    """How often one diagnosis was recorded so far, mapped to the chance of the next."""
    (question,) = endpoint.target.questions
    return PointsScore(
        "times_before",
        "Times recorded before",
        endpoint,
        TimesBefore(LABELS[question.classes[1]]),
        "Logistic regression on how often the diagnosis was recorded so far.",
    )


def draw(case: Case) -> list[Sample[History, Findings] | Excluded]:
    """One encounter gives one sample, or is excluded as the declared cohort says."""
    patient = PatientId(case.patient)
    if case.history is None:
        return [Excluded(case.reason or "", patient)]
    codes = set(case.label["codes"])
    found = tuple(code in codes for code in LABELS.values())
    attributes = {**case.attributes, "set": partition(case.patient)}
    return [Sample(SampleId(str(case.sample)), patient, case.history, found, case.index_time, attributes)]
