"""How a study weighs known outcomes where others are censored."""

from dataclasses import dataclass

from bedside.errors import StudyError


@dataclass(frozen=True)
class CensoringWeights:
    """Known outcomes stand for the censored, by the inverse of the probability of being watched so long.

    That probability is Kaplan and Meier's of the development partition of each split. It takes no account of
    predictors: whether watching ends early must not depend on the outcome.

    Attributes:
        largest: Larger weights are cut off there and counted: less variance for some bias.

    Raises:
        StudyError: The largest weight is below 1.
    """

    largest: float = 20.0

    def __post_init__(self) -> None:
        if not self.largest >= 1:
            msg = f"the largest censoring weight is {self.largest!r}; give a number of 1 or more"
            raise StudyError(msg)
