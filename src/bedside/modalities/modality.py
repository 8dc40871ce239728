"""What every modality tells the spine about its predictors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from bedside.data.marks import Mark
from bedside.evidence.schema import Finding
from bedside.types import Floats, Integers, Json

X = TypeVar("X")
X_contra = TypeVar("X_contra", contravariant=True)

NearCopies: TypeAlias = Callable[[Integers, Integers], Integers]
"""(positions learned from, positions judged) to the judged positions that nearly equal one that was learned from."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One predictor as a column of cases, for table 1 and the leakage audit.

    Attributes:
        name: As declared ("cholesterol").
        unit: UCUM unit or "".
        numbers: Values, shape (n,), NaN where missing; None for categories.
        codes: Category codes, shape (n,), -1 where missing; None for numbers.
        categories: Words of the codes.
        of: The predictor that it sums up, by the name that explanations have for it, where that is another than `name`.
    """

    name: str
    unit: str
    numbers: Floats | None = None
    codes: Floats | None = None
    categories: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True, kw_only=True)
class Perturbation(Generic[X]):
    """A way in which new cases may be worse than development, or a predictor be cut off from its case.

    Attributes:
        name: Unique ("30% missing", "glucose permuted").
        family: Values missing or permuted; images noisier, blurred, brighter, flatter, turned or coarser; records with
            fewer moments, with numbers in another unit, or as they stood earlier.
        variable: The predictor concerned; "" when all are.
        strength: Share of values, moments or measurements, multiple of a standard deviation, share of the width
            (blur), share of the contrast lost, degrees (rotation), factor (resolution) or hours (earlier); 1 where it
            does not apply.
        apply: Predictors of all cases and a generator, to perturbed predictors in the same order.
        moves: Whether it moves what a case shows, so that an outcome that lies in the case no longer lies there.
    """

    name: str
    family: Literal[
        "missing_at_random",
        "missing_column",
        "noise",
        "permuted",
        "blur",
        "brightness",
        "contrast",
        "rotation",
        "resolution",
        "sparser",
        "unit",
        "earlier",
    ]
    variable: str
    strength: float
    apply: Callable[[Sequence[X], np.random.Generator], list[X]]
    moves: bool = False


class Drawing(Protocol[X_contra]):
    """How a case is drawn for people."""

    def __call__(
        self,
        case: "X_contra | None",
        places: "NDArray[np.float32] | None" = None,
        /,
        *,
        marks: Sequence[Mark] = (),
        large: bool = False,
    ) -> bytes:
        """A small PNG of one case without any writing on it.

        Args:
            case: Its predictors; None draws the map alone.
            places: How much each place of the case matters, never negative, over the whole of it; None draws none.
            marks: Lines, places and boxes in the case, drawn over it; the picture is then large.
            large: Whether it is as large without any, to stand beside those that have some.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Modality(Generic[X]):
    """How the spine looks at predictors without knowing what they are.

    Attributes:
        name: "tabular", "imaging", ...
        variables: Predictors of all cases to columns worth describing; may be empty (images).
        digest: Predictors of one case to bytes that are equal when the content is equal (duplicates, data hash).
        profile: Development predictors to what new cases are later checked against (ranges, categories); stored
            with a run as profile.json. None where nothing can be checked.
        perturbations: Development predictors to the stress tests and permutations that suit them; None for none.
        near_copies: Predictors of all cases to a question that may be asked of every split: given positions learned
            from and positions judged, which judged positions nearly equal a case that was learned from without being
            identical to any; None where columns tell.
        picture: Predictors of one case to a small PNG for galleries in the report, with a map of what matters in it
            where one is given; None where cases cannot be shown.
        beside: Predictors of one case to bytes of what travels with them and no learner looks at but one that repeats
            a record (a second reader's drawing): a part of what a run stands on, and of no audit for copies. None where
            nothing does.
        compare: (stored profile, new predictors) to what is unlike development. None with `profile`.
    """

    name: str
    variables: Callable[[Sequence[X]], tuple[Variable, ...]]
    digest: Callable[[Sequence[X]], list[bytes]]
    profile: Callable[[Sequence[X]], Json] | None = None
    compare: Callable[[Json, Sequence[X]], tuple[Finding, ...]] | None = None
    perturbations: Callable[[Sequence[X]], tuple[Perturbation[X], ...]] | None = None
    near_copies: Callable[[Sequence[X]], NearCopies] | None = None
    picture: Drawing[X] | None = None
    beside: Callable[[X], bytes] | None = None
