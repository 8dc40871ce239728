"""How the hazard goes with each predictor in the development cases, by every learner that tells it."""

from typing import Any

from bedside.evidence.count import WITHHELD
from bedside.evidence.schema import HazardRatio, Proportionality
from bedside.study.job import Division, Job
from bedside.study.suppression import SMALL_GROUP, SmallCells
from bedside.training.learner import associations


def hazards(job: Job, division: Division, cells: SmallCells) -> dict[str, tuple[Any, ...]]:
    """Hazard ratios and tests that they stay the same, as rows of the evidence by its field.

    Args:
        job: The run.
        division: The primary validation; all cases that any of its splits develops on.
        cells: Which counts may be shown.
    """
    learned = sorted({k for split in division.splits for k in split.development.tolist()})
    samples = [division.samples[k] for k in learned]
    ratios: list[HazardRatio] = []
    tests: list[Proportionality] = []
    for learner in job.study.learners:
        found = associations(learner, samples)
        ratios += [_shown(one, len(samples), cells) for one in found.ratios]
        tests += [
            one.model_copy(update={"cases": cells.alone(int(one.cases)), "events": cells.alone(int(one.events))})
            for one in found.proportionality
        ]
    return {"hazard_ratios": tuple(ratios), "proportionality": tuple(tests)}


def _shown(row: HazardRatio, everybody: int, cells: SmallCells) -> HazardRatio:
    """The row with what may be told of few patients.

    Where small cells are withheld, groups have no counts here, from which those of others could be worked out.
    """
    if not cells.applies:
        return row
    cases, events = int(row.cases), int(row.events)
    counts = {"cases": WITHHELD, "events": WITHHELD}
    if not any(map(cells.is_small, (cases, events, everybody - cases, cases - events))):
        return row.model_copy(update=counts)
    nothing = {"ratio": None, "low": None, "high": None, "p_proportional": None, "reason": SMALL_GROUP}
    return row.model_copy(update=counts | nothing)
