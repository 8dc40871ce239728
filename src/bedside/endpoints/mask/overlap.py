"""What an outline and its prediction have in common, structure by structure."""

from dataclasses import dataclass

import numpy as np

from bedside.endpoints.mask.mask import Mask, Pixels, sized
from bedside.endpoints.mask.segmentation import WHOLE, Segmentation
from bedside.endpoints.ratio import divided
from bedside.errors import OutcomeProblem, StatisticsError
from bedside.types import Booleans, Floats

_EXPECTED = 1.0
"""A structure that was not outlined still counts as expected where its probabilities add up to this many pixels."""


@dataclass(frozen=True, eq=False)
class Overlap:
    """Pixels of each structure within the judged region; all of shape (structures,).

    Attributes:
        drawn: In the outcome.
        said: In the prediction.
        both: In both.
        share: Sum of the probabilities.
        share_drawn: Sum of the probabilities where the structure is drawn.
        share_said: Sum of the probabilities where the structure is predicted.
    """

    drawn: Floats
    said: Floats
    both: Floats
    share: Floats
    share_drawn: Floats
    share_said: Floats

    @property
    def dice(self) -> Floats:
        """Dice; NaN where the structure is neither drawn nor predicted, and nothing can be said."""
        return divided(2.0 * self.both, self.drawn + self.said)

    @property
    def iou(self) -> Floats:
        """Intersection over union (Jaccard); NaN as for Dice."""
        return divided(self.both, self.drawn + self.said - self.both)

    @property
    def expected(self) -> Floats:
        """The Dice that the prediction expects of itself: 2 * sum(p * said) / (sum(p) + sum(said)).

        A ratio of expectations: that of the ratio differs little for structures of more than a few pixels. It trusts
        that probabilities are calibrated. 0 where nothing is predicted though probabilities add up to a pixel; NaN
        where they do not.
        """
        found = divided(2.0 * self.share_said, self.share + self.said)
        return np.where((self.said > 0.0) | (self.share >= _EXPECTED), found, np.nan)

    @property
    def predicted_quality(self) -> float:
        """Mean expected Dice of the structures; 0 where none is predicted or expected, which is nothing to trust."""
        known = self.expected[np.isfinite(self.expected)]
        return float(known.mean()) if known.size else 0.0

    @property
    def silent(self) -> bool:
        """Whether no structure is predicted or expected: the prediction says that nothing is there."""
        return not bool(np.isfinite(self.expected).any())

    @property
    def quality(self) -> float:
        """Mean Dice of the structures that are drawn or predicted; NaN where there is none."""
        known = self.dice[np.isfinite(self.dice)]
        return float(known.mean()) if known.size else float("nan")

    @property
    def losses(self) -> Floats:
        """1 minus the mean of Dice and soft Dice, of each structure.

        Dice is what is judged; soft Dice (2 * sum(p * drawn) / (sum(p) + sum(drawn))) tells a network that learns from
        one that does not while no pixel is decided yet. For predictions without doubt both are the same. Where nothing
        is drawn both are 1 if nothing is predicted, else 0.
        """
        right = np.where(self.said > 0.0, 0.0, 1.0)
        hard = np.where(self.drawn > 0.0, np.nan_to_num(self.dice), right)
        soft = np.where(self.drawn > 0.0, divided(2.0 * self.share_drawn, self.share + self.drawn), right)
        return np.asarray(1.0 - (hard + soft) / 2.0, dtype=np.float64)


def overlap(mask: Mask, prediction: Segmentation) -> Overlap:
    """What both have in common.

    Raises:
        StatisticsError: The prediction lies on another grid.
        OutcomeProblem: The mask holds a label beyond the predicted structures.
    """
    drawn, said = judged_labels(mask, prediction)
    count = prediction.structures
    shares = prediction.shares.reshape(count, -1)
    if mask.judged is not None:
        inside = mask.judged.ravel()
        drawn, said, shares = drawn.ravel()[inside], said.ravel()[inside], shares[:, inside]
    joint = np.bincount(
        drawn.ravel().astype(np.int64) * (count + 1) + said.ravel(), minlength=(count + 1) ** 2
    ).reshape(count + 1, count + 1)
    sums = np.array([_sums(shares[k], drawn.ravel() == k + 1, said.ravel() == k + 1) for k in range(count)]) / WHOLE
    return Overlap(
        drawn=joint.sum(axis=1)[1:].astype(np.float64),
        said=joint.sum(axis=0)[1:].astype(np.float64),
        both=np.diag(joint)[1:].astype(np.float64),
        share=sums[:, 0],
        share_drawn=sums[:, 1],
        share_said=sums[:, 2],
    )


def judged_labels(mask: Mask, prediction: Segmentation) -> tuple[Pixels, Pixels]:
    """Labels drawn and predicted, background outside the judged region; raises as `overlap` does."""
    if mask.size != prediction.size:
        msg = (
            f"the mask has {sized(mask.size)} pixels and the prediction {sized(prediction.size)}; predictions are "
            "judged on the image's own grid (return them by its placement)"
        )
        raise StatisticsError(msg)
    checked(mask, prediction.structures)
    drawn, said = mask.labels, prediction.labels
    if mask.judged is None:
        return drawn, said
    return np.where(mask.judged, drawn, np.uint8(0)), np.where(mask.judged, said, np.uint8(0))


def checked(mask: Mask, count: int) -> Mask:
    """The mask; raises OutcomeProblem for a label beyond the structures within the judged region."""
    labels = mask.labels if mask.judged is None else mask.labels[mask.judged]
    highest = int(labels.max(initial=0))
    if highest > count:
        msg = (
            f"a mask holds label {highest}; allowed are 0 (background) to {count}; name every structure, or map the "
            "label to one of them when the mask is read"
        )
        raise OutcomeProblem(msg)
    return mask


def _sums(shares: Pixels, *where: Booleans) -> list[int]:
    """Sum of the shares everywhere, then in each of some places."""
    return [int(part.sum(dtype=np.int64)) for part in (shares, *(shares[place] for place in where))]
