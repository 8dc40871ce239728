"""What the primary measure would be if eligible cases whose outcome nobody knows were judged too.

Under the worst and the best assumption, and where outcomes are missing at random: Little and Rubin 2019, Statistical
Analysis with Missing Data; National Research Council 2010, The Prevention and Treatment of Missing Data, chapter 5.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bedside.data.sample import Excluded
from bedside.data.split import Validation
from bedside.endpoints.target import Quantity, Question, Target
from bedside.evidence.schema import Sensitivity
from bedside.study.job import Division, Job
from bedside.study.judged import Judged
from bedside.study.record import Read, primary
from bedside.study.suppression import SmallCells
from bedside.types import Booleans, Floats, Integers

MOST = 5_000
"""Cases without an outcome that are predicted; of more, so many are drawn at random."""

DRAWS = 20
"""Draws of outcomes from a learner's own probabilities."""


def chosen(unlabelled: Sequence[Excluded], primary_validation: Validation, seed: int) -> tuple[Excluded, ...]:
    """The cases to predict: none where the primary validation judges cases of another source."""
    if primary_validation.source is not None:
        return ()
    if len(unlabelled) <= MOST:
        return tuple(unlabelled)
    drawn = np.random.default_rng([seed, *b"unlabelled"]).choice(len(unlabelled), MOST, replace=False)
    return tuple(unlabelled[k] for k in np.sort(drawn).tolist())


def words(job: Job, cells: SmallCells) -> str:
    """The analysis, or that there was nothing to analyse, for the methods text."""
    missing, known = len(job.drawn.unlabelled), len(job.drawn.samples)
    if not missing:
        excluded = any(step.kind == "excluded" for step in job.drawn.flow)
        why = "; the cohort marks none of the excluded records as one" if excluded else ""
        return f"No eligible case lacked an outcome{why}."
    told = any(isinstance(step.records, str) for step in cells.flow(job.drawn.flow))
    size = "Some" if told else f"{missing:,} of {missing + known:,}"
    text = f"{size} eligible cases lacked an outcome and took no part in development, tuning and judging. "
    if job.divisions[0].validation.source is not None:
        return f"{text}They were not predicted, since the primary validation judges cases of another source."
    who = f"a random {MOST:,} of them" if missing > MOST else "them"
    scenarios = _scenarios(job.study.endpoint.target)
    if not scenarios:
        return (
            f"{text}No sensitivity analysis was made: the outcome is neither one of several classes nor a number that "
            "could be assumed."
        )
    return (
        f"{text}In a sensitivity analysis every learner predicted {who}, with models that had not learned from the "
        "same patient. The primary measure was computed again with them added to the judged cases (of the first "
        f"repetition, where folds were repeated), in the proportion that they have in the cohort: {scenarios}."
    )


def _scenarios(target: Target[Any, Any]) -> str:
    """What is assumed of the unknown outcomes; "" where nothing can be."""
    if len(target.questions) + len(target.quantities) == 1 and target.quantities:
        return (
            "their outcomes were assumed one standard deviation of the learner's residuals above, then below, its "
            "prediction"
        )
    drawn = (
        f"outcomes were drawn from the learner's own probabilities (missing at random, mean of {DRAWS} draws), which "
        "favours the learner"
    )
    if not target.questions or target.quantities:
        return ""
    if len(target.questions) > 1:
        return drawn
    return f"each outcome class in turn was assumed for all of them, and {drawn}"


def sensitivity(job: Job, stored: Read) -> tuple[Sensitivity, ...]:
    """One row for each learner and scenario, in the primary validation's first repetition."""
    cases = chosen(job.drawn.unlabelled, stored.division.validation, job.seed)
    splits = [k for k, split in enumerate(stored.division.splits) if split.repeat == 0]
    if not cases or not splits or not _scenarios(job.study.endpoint.target):
        return ()
    usable = _usable(stored.division, splits, cases)
    kept = np.flatnonzero(usable.any(axis=1))
    if not kept.size:
        return ()
    rows: list[Sensitivity] = []
    for learner in job.study.learners:
        rows += _rows(job, _Added(job, stored, learner.name, splits, kept, usable[kept]))
    return tuple(rows)


def _usable(division: Division, splits: Sequence[int], cases: Sequence[Excluded]) -> Booleans:
    """Which split's models learned nothing of a case's patient, shape (cases, splits)."""
    columns = []
    for k in splits:
        split = division.splits[k]
        learned = np.concatenate([split.development, split.selection, split.calibration]).tolist()
        patients = {str(division.samples[row].patient) for row in learned}
        columns.append([case.patient is None or str(case.patient) not in patients for case in cases])
    return np.array(columns, dtype=np.bool_).T


@dataclass(frozen=True)
class _Added:
    """One learner's judged cases with the unlabelled ones beside them.

    An unlabelled case stands in every split whose models may predict it, judged by that split's own rules and with a
    share of its weight, so that it counts as often as a judged case does.

    Attributes:
        kept: Positions of the unlabelled cases among those predicted, shape (n,).
        usable: In which of `splits` they stand, shape (n, splits).
    """

    job: Job
    stored: Read
    learner: str
    splits: Sequence[int]
    kept: Integers
    usable: Booleans

    @cached_property
    def pooled(self) -> list[Any]:
        """One prediction a case, from all models that may predict it."""
        together: dict[bytes, list[int]] = defaultdict(list)
        for case, inside in enumerate(self.usable):
            together[inside.tobytes()].append(case)
        found: list[Any] = [None] * self.kept.size
        for cases in together.values():
            members = [[self._by_split[k][case] for case in cases] for k in np.flatnonzero(self.usable[cases[0]])]
            for case, prediction in zip(cases, self.job.study.endpoint.pool(members), strict=True):
                found[case] = prediction
        return found

    @cached_property
    def tested(self) -> tuple[list[Any], list[Any], Integers]:
        """Outcomes, predictions and split of the cases that were judged."""
        division, splits = self.stored.division, self.splits
        outcomes = [division.samples[row].outcome for k in splits for row in division.splits[k].test.tolist()]
        predictions = [p for k in splits for p in self.stored.by_learner[self.learner][k].test]
        fold = np.repeat(np.arange(len(splits)), [division.splits[k].test.size for k in splits])
        return outcomes, predictions, fold.astype(np.int64)

    def value(self, assumed: Sequence[Any] | None) -> float:
        """The primary measure with these outcomes of the unlabelled cases, or without them."""
        outcomes, predictions, fold = self.tested
        weights = np.concatenate([self.stored.division.weighed(k, "test") for k in self.splits])
        if assumed is not None:
            split, case = np.nonzero(self.usable.T)
            outcomes = [*outcomes, *(assumed[k] for k in case.tolist())]
            standing = zip(split.tolist(), case.tolist(), strict=True)
            predictions = [*predictions, *(self._by_split[k][number] for k, number in standing)]
            fold = np.concatenate([fold, split])
            weights = np.concatenate([weights, self._weight[case]])
        measures = [self.stored.measures[self.learner][k] for k in self.splits]
        judged: Judged[Any, Any] = Judged(
            self.learner, outcomes, predictions, fold, np.zeros(fold.size, dtype=np.int64), measures
        )
        position = [measure.name for measure in measures[0]].index(primary(self.job)[2])
        measure = judged.contributed(position).within(np.arange(fold.size, dtype=np.int64))
        return float(measure(weights[None, :])[0])

    @cached_property
    def _by_split(self) -> list[list[Any]]:
        """Every split's predictions for the cases kept."""
        stored = [self.stored.by_learner[self.learner][k].unlabelled for k in self.splits]
        return [[predictions[case] for case in self.kept.tolist()] for predictions in stored]

    @cached_property
    def _weight(self) -> Floats:
        """Each case's weight in each of its splits, shape (n,)."""
        judged = self.tested[2].size / len(self.stored.division.samples)
        each = judged * len(self.job.drawn.unlabelled) / self.kept.size
        return np.asarray(each / self.usable.sum(axis=1), dtype=np.float64)


def _rows(job: Job, added: _Added) -> list[Sensitivity]:
    target = job.study.endpoint.target
    plain = added.value(None)
    found = [scenario for question in _only(target.questions) for scenario in _in_one_class(added, target, question)]
    found += _at_random(job, added, target) if target.questions else []
    found += [scenario for quantity in target.quantities for scenario in _of_numbers(added, target, quantity)]
    return [
        Sensitivity(
            learner=added.learner,
            validation=added.stored.division.validation.name,
            scenario=scenario,
            measure=primary(job)[2],
            value=value if np.isfinite(value) else None,
            change=value - plain if np.isfinite(value - plain) else None,
            cases_added=int(added.kept.size),
            text=text if np.isfinite(value) else f"{text} The measure is not defined on these cases.",
        )
        for scenario, value, text in found
    ]


def _only(questions: Sequence[Question[Any, Any]]) -> Sequence[Question[Any, Any]]:
    """The question of an outcome that answers one; of several no single class can be assumed for all."""
    return questions if len(questions) == 1 else ()


def _in_one_class(
    added: _Added, target: Target[Any, Any], question: Question[Any, Any]
) -> list[tuple[str, float, str]]:
    """Everybody in one class, for each class."""
    count = added.kept.size
    return [
        (
            f"all {word}",
            added.value(target.assumed([np.full(count, k, dtype=np.int64)], ())),
            f"Every unknown outcome is taken to be {word!r}.",
        )
        for k, word in enumerate(question.classes)
    ]


def _at_random(job: Job, added: _Added, target: Target[Any, Any]) -> list[tuple[str, float, str]]:
    """Outcomes drawn from the learner's probabilities, every question by itself."""
    draw = np.random.default_rng([job.seed, *b"missing at random"])
    every = []
    for question in target.questions:
        limits = np.cumsum(question.probabilities(added.pooled), axis=1)[:, :-1]
        chances = draw.random((DRAWS, added.kept.size))
        every.append((chances[:, :, None] >= limits).sum(axis=2).astype(np.int64))
    values = [added.value(target.assumed([drawn[k] for drawn in every], ())) for k in range(DRAWS)]
    defined = [value for value in values if np.isfinite(value)]
    mean = float(np.mean(defined)) if defined else float("nan")
    text = f"Unknown outcomes are drawn from the learner's own probabilities; mean of {len(defined)} draws."
    return [("missing at random", mean, text)]


def _of_numbers(added: _Added, target: Target[Any, Any], quantity: Quantity[Any, Any]) -> list[tuple[str, float, str]]:
    """Outcomes one standard deviation of the learner's residuals above, then below, its predictions."""
    outcomes, predictions, _ = added.tested
    spread = float(np.std(quantity.values(outcomes) - quantity.estimates(predictions), ddof=1))
    estimates = quantity.estimates(added.pooled)
    size = f"{spread:.3g} {quantity.unit}".strip()
    found = []
    for sign, word, where in ((1, "+", "above"), (-1, "-", "below")):
        assumed = target.assumed((), [estimates + sign * spread])
        distance = f"one standard deviation of residuals ({size})"
        text = f"Every unknown outcome is taken to lie {distance} {where} its prediction."
        found.append((f"prediction {word} 1 residual SD", added.value(assumed), text))
    return found
