"""How predicted outlines are finished before they are judged: a threshold, then a clean-up of each structure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bedside.endpoints.mask.clean_up import CleanUp
from bedside.endpoints.mask.mask import Pixels
from bedside.endpoints.mask.segmentation import WHOLE, Segmentation
from bedside.errors import ModelError, StatisticsError
from bedside.types import Json

HALF = 0.5
"""The threshold that changes nothing."""


@dataclass(frozen=True)
class MaskFinish:
    """What is done to every prediction.

    Attributes:
        names: Of the structures.
        threshold: A structure is preferred to the background from this probability on (of the two).
        clean_ups: One a structure.
        gain: By how much it raised the mean Dice of the cases on which it was chosen.
        cases: How many these were.
    """

    names: tuple[str, ...]
    threshold: float
    clean_ups: tuple[CleanUp, ...]
    gain: float = 0.0
    cases: int = 0

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self.threshold != HALF or any(each.words != "nothing" for each in self.clean_ups)

    @property
    def words(self) -> str:
        """What is done, as printed."""
        if not self.changes:
            return f"Outlines are left as predicted: nothing raised the mean Dice of {self.cases} tuning cases."
        parts = [] if self.threshold == HALF else [f"the threshold is {self.threshold:g}"]
        parts += [
            f"of {name} {each.words}"
            for name, each in zip(self.names, self.clean_ups, strict=True)
            if each.words != "nothing"
        ]
        return f"Outlines are finished: {'; '.join(parts)} (mean Dice {self.gain:+.3f} on {self.cases} tuning cases)."

    def __call__(self, predictions: Sequence[Segmentation]) -> list[Segmentation]:
        """The predictions finished; the same objects where nothing is to be done.

        Raises:
            StatisticsError: A prediction of another number of structures.
        """
        return [self._finished(prediction) for prediction in predictions] if self.changes else list(predictions)

    def _finished(self, prediction: Segmentation) -> Segmentation:
        if prediction.structures != len(self.names):
            msg = f"a prediction is of {prediction.structures} structures; it is finished for {len(self.names)}"
            raise StatisticsError(msg)
        shares = with_threshold(prediction.shares, self.threshold)
        for place, each in enumerate(self.clean_ups):
            if each.words != "nothing":
                each.apply(shares, Segmentation(shares).labels, place)
        return Segmentation(shares)

    def state(self) -> dict[str, Json]:
        """As JSON; "changes" says whether anything is done."""
        return {
            "threshold": self.threshold,
            "clean_up": {name: each.state() for name, each in zip(self.names, self.clean_ups, strict=True)},
            "changes": self.changes,
            "words": self.words,
            "gain": self.gain,
            "cases": self.cases,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Json], names: tuple[str, ...]) -> "MaskFinish":
        """The inverse of `state`.

        Raises:
            ModelError: It is the state of something else, or of other structures.
        """
        match state:
            case {
                "threshold": float(threshold),
                "clean_up": dict(clean_up),
                "gain": float(gain),
                "cases": int(cases),
            } if tuple(clean_up) == names and 0.0 < threshold < 1.0:
                each = tuple(CleanUp.restore(clean_up[name]) for name in names)
                return cls(names, threshold, each, gain, cases)
        msg = f"the stored finish holds {sorted(state)}; it is not one of outlines of {', '.join(names)}: fit it anew"
        raise ModelError(msg)


def with_threshold(shares: Pixels, threshold: float) -> Pixels:
    """Shares whose labels are those that a threshold gives; a copy.

    The odds of every structure against the background are multiplied by (1 - t) / t, and all brought back to a sum of
    1. A structure that was as probable as the background times t / (1 - t) then is as probable as the background, so
    that labels stay what they always are: the most probable. For one structure that is the threshold t on its
    probability; between structures the order stays. It is what another prevalence would do to the probabilities; they
    are calibrated no longer if they were before, and what is read off them (expected Dice) is judged as it comes out.
    """
    if threshold == HALF:
        return shares.copy()
    chance = shares.astype(np.float64) / WHOLE
    background = np.maximum(1.0 - chance.sum(axis=0), 0.0)
    chance *= (1.0 - threshold) / threshold
    found: Pixels = np.rint(WHOLE * chance / (background + chance.sum(axis=0))).astype(np.uint8)
    return found
