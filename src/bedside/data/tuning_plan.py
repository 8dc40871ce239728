"""How the patients that are not tested are divided into development and tuning."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bedside.data.patients import Patients
from bedside.data.split import Fold, Split
from bedside.errors import CohortProblem
from bedside.types import Integers

SMALL = 2000
"""Below this many patients, learners are cross-fitted instead of losing patients to a tuning partition."""

FEWEST = 4
"""Where fewer tuning patients are expected with some outcome, learners are cross-fitted too."""

SHARE = 0.15 / 0.85
"""Part of the patients who are not judged that is held out for tuning."""

NOBODY: Integers = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class TuningPlan:
    """How what is not tested is divided into development and tuning.

    Attributes:
        share: Part of the patients that is held out for tuning, halved into selection and calibration.
        inner: Number of inner folds when cross-fitting.
        mode: "auto" cross-fits below `SMALL` patients and holds out from there on.
    """

    share: float = SHARE
    inner: int = 5
    mode: Literal["auto", "held_out", "cross_fit"] = "auto"

    def words(self) -> str:
        """A sentence for the methods section."""
        cross = f"cross-fitted over {self.inner} inner folds"
        held = f"tuned on {self.share:.0%} of the development patients, halved into selection and calibration"
        if self.mode == "cross_fit":
            return f"Learners were {cross}."
        if self.mode == "held_out":
            return f"Learners were {held}."
        return f"Learners were {cross} below {SMALL:,} patients or with few of an outcome, and otherwise {held}."

    def divide(
        self,
        name: str,
        patients: Patients,
        learn: Integers,
        test: Integers,
        *,
        seed: int,
        repeat: int = 0,
        only: Integers | None = None,
    ) -> Split:
        """Build a split.

        Args:
            name: Of the split.
            patients: The cohort, grouped.
            learn: Patients to learn from.
            test: Positions of the samples to judge.
            seed: Decides who is held out for tuning.
            repeat: Which repetition of cross-validation it belongs to.
            only: Positions of samples that may be learned from; all of the patients' samples when None.
        """
        rng = np.random.default_rng([seed, *name.encode()])
        present = np.bincount(patients.stratum[learn], minlength=patients.strata.size)
        rarest = int(present[present > 0].min())
        few = np.count_nonzero(present) > 1 and rarest * self.share < FEWEST
        cross = self.mode == "cross_fit" or (self.mode == "auto" and (learn.size < SMALL or few))

        def positions(chosen: Integers) -> Integers:
            found = patients.samples(chosen)
            return found if only is None else np.intersect1d(found, only)

        if cross:
            development = positions(learn)
            return Split(
                name=name,
                development=development,
                selection=NOBODY,
                calibration=NOBODY,
                test=test,
                folds=inner_folds(patients, learn, development, self.inner, rng),
                repeat=repeat,
            )
        held = [stratum[: _rounded(stratum.size * self.share, rng)] for stratum in patients.shuffled(rng, learn)]
        tuning = [part[k::2] for k in (0, 1) for part in held]
        selection, calibration = np.concatenate(tuning[: len(held)]), np.concatenate(tuning[len(held) :])
        for half in (selection, calibration):
            if np.unique(patients.stratum[half]).size < np.count_nonzero(present):
                msg = (
                    f"a half of the tuning partition of {name!r} would hold no patient with some outcome: the rarest "
                    f"has {rarest} patients to learn from; cross-fit instead (mode 'cross_fit'), or merge outcomes"
                )
                raise CohortProblem(msg)
        return Split(
            name=name,
            development=positions(np.setdiff1d(learn, np.concatenate([selection, calibration]))),
            selection=positions(selection),
            calibration=positions(calibration),
            test=test,
            repeat=repeat,
        )


def deal(patients: Patients, among: Integers, folds: int, rng: np.random.Generator) -> list[Integers]:
    """Deal patients into folds of equal size, each stratum spread evenly; raises CohortProblem."""
    if among.size < folds:
        msg = f"{among.size} patients cannot be divided into {folds} folds; use fewer folds or more patients"
        raise CohortProblem(msg)
    order = np.concatenate(patients.shuffled(rng, among))
    present = np.bincount(patients.stratum[among], minlength=patients.strata.size)
    rarest = int(present[present > 0].min())
    if np.count_nonzero(present) > 1 and rarest < folds:
        msg = (
            f"the rarest outcome occurs in {rarest} patients, fewer than the {folds} folds asked for, so that some "
            "fold would hold none; use fewer folds, merge outcomes or find more patients"
        )
        raise CohortProblem(msg)
    return [order[k::folds] for k in range(folds)]


def inner_folds(
    patients: Patients, learn: Integers, development: Integers, folds: int, rng: np.random.Generator
) -> tuple[Fold, ...]:
    """Inner folds as positions within the development samples."""
    code = patients.code[development]
    parts = []
    for held in deal(patients, learn, folds, rng):
        out = np.isin(code, held)
        parts.append(Fold(fit=np.flatnonzero(~out).astype(np.int64), held_out=np.flatnonzero(out).astype(np.int64)))
    return tuple(parts)


def _rounded(size: float, rng: np.random.Generator) -> int:
    """A whole number whose expectation is `size`, so that small strata are not always robbed or spared."""
    return int(size) + int(rng.random() < size % 1)
