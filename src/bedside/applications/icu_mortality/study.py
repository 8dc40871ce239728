"""Does a network on the events of 48 hours foresee death in hospital better than boosting on their summaries?"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.points import PointsScore
from bedside.comparators.scores.early_warning import (
    MEWS_SOURCE,
    NEWS2_SOURCE,
    QSOFA_SOURCE,
    mews,
    news2,
    qsofa,
)
from bedside.comparators.scores.vital_signs import Codes, scored
from bedside.comparators.window_summaries import WindowSummaries
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Predefined
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.operating import AtSpecificity
from bedside.explain.records.explainer import RECORD_EXPLAINERS
from bedside.modalities.records.cohort.toml import load_cohort
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.records.history import History
from bedside.modalities.records.modality import records
from bedside.networks.sequences.sequencer import Sequencer
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.sources.physionet_2012 import SAPS_I, SOFA, DrawnStays, Stay2012
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.pruning import Pruning
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 6

STAYS = DrawnStays(load_cohort(Path(__file__).parent / "cohort.toml"))
"""What the declared cohort draws."""

EARLIER = (12.0, 24.0, 36.0, 42.0)
"""Hours before the 48th after admission at which predictions are tried as well: 36, 24, 12 and 6 hours after it."""

CODES = Codes(
    respiration=("PN2012//RespRate",),
    saturation=("PN2012//SaO2",),
    inspired=("PN2012//FiO2",),
    systolic=("PN2012//SysABP", "PN2012//NISysABP"),
    pulse=("PN2012//HR",),
    temperature=("PN2012//Temp",),
    coma_scale=("PN2012//GCS",),
)
"""Where vital signs stand in the challenge's stays."""


def study(
    sequencer: Sequencer | None = None, *, others: Sequence[Sequencer] = (), epochs: int = 40, trials: int = TRIALS
) -> Study[Stay2012, History, bool, float]:
    """The study, declared before any result is seen.

    Args:
        sequencer: The network over moments; the declared one when None. It is the model on trial.
        others: Further networks, each tuned, judged and compared like any comparator, and looked into no further.
        epochs: Most passes over development.
        trials: Of every learner.
    """
    endpoint = binary(positive="died", negative="left alive", operating=AtSpecificity(0.8), net_benefit=(0.05, 0.5))

    def tuned(recipe: Recipe[History, bool, float]) -> Tuned[History, float]:
        return Tuned(recipe, endpoint, trials=trials)

    further = [f"events_{re.sub('[^a-z0-9]+', '_', other.name.lower())}" for other in others]

    def network(name: str, over: Sequencer) -> Tuned[History, float]:
        recipe = Network(
            endpoint=endpoint,
            trunk=RecordTrunk(over),
            head=BinaryHead,
            name=name,
            label=f"Network on events ({over.name})",
            loop=Loop(epochs=epochs, batch=64),
        )
        return Tuned(recipe, endpoint, trials=trials, pruning=Pruning(after=3))

    scores = (
        ("qsofa", "qSOFA", qsofa, QSOFA_SOURCE),
        ("mews", "MEWS", mews, MEWS_SOURCE),
        ("news2", "NEWS2", news2, NEWS2_SOURCE),
    )
    signs = "of the latest vital signs of the 48 hours; what was not measured counts no points"
    return Study(
        name="icu_mortality",
        title="Death in hospital after 48 hours of intensive care",
        question="Will an adult who has been in intensive care for 48 hours die in hospital?",
        intended_use=(
            "For research: how well the first 48 hours of a stay foretell its end, in one hospital of 2001 to 2008."
        ),
        source=STAYS,
        cohort=Cohort(
            eligibility=(
                "Adults still in hospital 48 hours after admission to a coronary, cardiac surgical, medical or "
                "surgical intensive care unit at one hospital, one stay each."
            ),
            outcome="Death before discharge from hospital, from the hospital's records.",
            horizon="Until discharge, whenever that is.",
            draw=draw,
        ),
        modality=records(earlier=EARLIER),
        endpoint=endpoint,
        model=network("events_network", sequencer or BagOfEvents()),
        comparators=(  # from simple to complex: the release rule reads the order
            *(
                tuned(PointsScore(name, label, endpoint, scored(score, CODES), f"{source}, {signs}."))
                for name, label, score, source in scores
            ),
            *(
                tuned(
                    PointsScore(
                        name,
                        f"{label}, as recorded",
                        endpoint,
                        partial(History.recorded, name=label),
                        f"{label} {when}",
                        recorded=True,
                    )
                )
                for name, label, when in (
                    ("saps_i", SAPS_I, "as the challenge recorded it for the first day."),
                    ("sofa", SOFA, "as the challenge recorded it for the first day."),
                )
            ),
            tuned(
                WindowSummaries(
                    partial(ElasticNet, endpoint), "elastic_net", "Logistic regression on summaries (elastic net)"
                )
            ),
            tuned(
                WindowSummaries(partial(Boosting, endpoint), "boosting", "Gradient boosting on summaries (LightGBM)")
            ),
            *(network(name, other) for name, other in zip(further, others, strict=True)),
        ),
        validations=(Predefined(attribute="set", development=("a",), tuning=(), test=("b",)),),
        subgroups=("sex", "age_band", "unit"),
        primary_measure="auroc",
        primary_comparator="boosting",
        explainers=RECORD_EXPLAINERS,
        judged_only=tuple(further),
        minimum_group=50,
        trials=trials,
        identity="unknown: stays carry numbers of their own, and two of them may be of one person",
        folder=Path(__file__).parent,
        limits=(
            "One hospital; sets a and b are drawn from the same stays, so that this is no test in another place.",
            "The challenge's own figures are of set c after learning from a and b: another question.",
            "Whether two stays are of one person is not told.",
            "Scores of vital signs use the latest value of each; they were not made for 48 hours in intensive care.",
            "Predictions at 6 to 36 hours are of those who reach 48 hours, by models made for 48 hours.",
            "SAPS-I is unknown in about one stay in forty; such stays count as the median, marked.",
            "Stays of which the length is not known (about 1.5 %) left alive by the publisher's word.",
        ),
        origin="icu_mortality",
    )


def draw(stay: Stay2012) -> list[Sample[History, bool] | Excluded]:
    """One stay gives one sample, or is excluded as the declared cohort says."""
    case = stay.case
    patient = PatientId(case.patient)
    if case.history is None:
        return [Excluded(case.reason or "", patient)]
    died = case.label["boolean_value"]
    if died is None and stay.days is None and not stay.died:
        died = False  # the end of the stay is not known, but the publisher says that it ended alive
    if died is None:
        return [Excluded("outcome not known", patient, case.history)]
    attributes = {**case.attributes, "set": stay.partition}
    return [
        Sample(SampleId(str(case.sample)), patient, case.history, died, case.index_time, attributes),
    ]
