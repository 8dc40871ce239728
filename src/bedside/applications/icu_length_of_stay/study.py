"""Does a network on the events of 48 hours foresee how long a patient stays better than boosting on their summaries?"""

from functools import partial
from pathlib import Path

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.points import PointsScore
from bedside.comparators.window_summaries import WindowSummaries
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Predefined
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.continuous.kind import continuous
from bedside.modalities.records.cohort.toml import load_cohort
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.records.history import History
from bedside.modalities.records.modality import records
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.sources.physionet_2012 import SAPS_I, SOFA, DrawnStays, Stay2012
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

TRIALS = 6

STAYS = DrawnStays(load_cohort(Path(__file__).parent / "cohort.toml"))
"""What the declared cohort draws."""

DIED, DISCHARGED = "death", "discharge"
"""How a stay ended; known only afterwards."""


def study(*, epochs: int = 40, trials: int = TRIALS) -> Study[Stay2012, History, float, float]:
    """The study, declared before any result is seen.

    Args:
        epochs: Most passes over development.
        trials: Of every learner.
    """
    endpoint = continuous(unit="days", name="stay", cuts=(8.0,))

    def tuned(recipe: Recipe[History, float, float]) -> Tuned[History, float]:
        return Tuned(recipe, endpoint, trials=trials)

    network = Network(
        endpoint=endpoint,
        trunk=RecordTrunk(BagOfEvents()),
        head=ContinuousHead,
        name="events_network",
        label="Network on events (bag of events)",
        loop=Loop(epochs=epochs, batch=64),
    )
    return Study(
        name="icu_length_of_stay",
        title="Days in hospital after 48 hours of intensive care",
        question="How many more days will an adult who has been in intensive care for 48 hours spend in hospital?",
        intended_use=(
            "For research: how well the first 48 hours of a stay foretell for how long its bed is taken, in one "
            "hospital of 2001 to 2008."
        ),
        source=STAYS,
        cohort=Cohort(
            eligibility=(
                "Adults still in hospital 48 hours after admission to a coronary, cardiac surgical, medical or "
                "surgical intensive care unit at one hospital, one stay each."
            ),
            outcome=(
                "Days in hospital until discharge, or until death where that comes first, from the hospital's records."
            ),
            horizon="From 48 hours after admission until the end of the day on which the stay ends.",
            draw=draw,
        ),
        modality=records(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(  # from simple to complex: the release rule reads the order
            tuned(
                PointsScore(
                    "mean",
                    "Mean stay of development",
                    endpoint,
                    alike,
                    "The mean outcome of development for everybody: what is known without looking at the patient.",
                )
            ),
            *(
                tuned(
                    PointsScore(
                        name,
                        f"{label}, as recorded",
                        endpoint,
                        partial(History.recorded, name=label),
                        f"{label} as the challenge recorded it for the first day, by linear regression.",
                    )
                )
                for name, label in (("saps_i", SAPS_I), ("sofa", SOFA))
            ),
            tuned(
                WindowSummaries(
                    partial(ElasticNet, endpoint), "elastic_net", "Linear regression on summaries (elastic net)"
                )
            ),
            tuned(
                WindowSummaries(partial(Boosting, endpoint), "boosting", "Gradient boosting on summaries (LightGBM)")
            ),
        ),
        validations=(Predefined(attribute="set", development=("a",), tuning=(), test=("b",)),),
        subgroups=("sex", "age_band", "unit", "ended_in"),
        primary_measure="rmse",
        primary_comparator="boosting",
        margin=0.25,
        group_margin=1.0,
        minimum_group=50,
        trials=trials,
        identity="unknown: stays carry numbers of their own, and two of them may be of one person",
        folder=Path(__file__).parent,
        limits=(
            "A stay ends with discharge or death, whichever comes first: a short one may be a good or a bad end.",
            "How a stay ended is a subgroup that is known only afterwards; nobody can be assigned to it beforehand.",
            "Stays of which the length is not known (114 of 8,000) are excluded; the publisher says they ended alive.",
            "Lengths are whole days, and their squared errors rest on a few very long stays.",
            "One hospital; sets a and b are drawn from the same stays, so that this is no test in another place.",
            "When a patient is discharged depends on beds and on care elsewhere, of which nothing is told here.",
        ),
        origin="icu_length_of_stay",
    )


def draw(stay: Stay2012) -> list[Sample[History, float] | Excluded]:
    """One stay gives one sample; one of unknown length is excluded."""
    case = stay.case
    patient = PatientId(case.patient)
    if stay.days is None:
        return [Excluded("length of stay not known", patient, case.history)]
    length = case.label["float_value"]
    if case.history is None or length is None:
        return [Excluded(case.reason or "", patient)]
    ended = DIED if case.label["competing"] else DISCHARGED
    attributes = {**case.attributes, "set": stay.partition, "ended_in": ended}
    # From 48 hours after admission to the end of the last day, which is its last second.
    days = float(round(length))
    return [Sample(SampleId(str(case.sample)), patient, case.history, days, case.index_time, attributes)]


def alike(history: History) -> float:  # noqa: ARG001 - nobody is looked at
    """No points for anybody."""
    return 0.0
