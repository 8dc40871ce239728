"""Measures of outlines. Every case is a row; several cases of one patient are kept together by whoever resamples.

Means over structures weigh every structure alike, whatever its size, and are undefined where no case has one of them.
A structure that is neither drawn nor predicted says nothing: such a case is left out of that structure's measures.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from bedside.endpoints import proportion
from bedside.endpoints.mask.facts import Examiner, Table
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.review import Flag
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.endpoints.mask.structure import Structure
from bedside.endpoints.measure import Contributions, Measure, Statistic
from bedside.endpoints.ratio import divided, mean, one_row_a_case, ratio
from bedside.stats.interval import normal_quantile
from bedside.types import Floats, Weights

_INFINITY = float("inf")

MaskMeasure = Measure[Delineated, Segmentation]
Column = Callable[[Table], Floats]


def mask_measures(
    structures: tuple[Structure, ...], examiner: Examiner, extent_unit: str, review: Flag | None
) -> tuple[MaskMeasure, ...]:
    """All measures.

    Args:
        structures: In the order of labels.
        examiner: Finds the facts.
        extent_unit: Unit of sizes ("ml").
        review: Which cases are flagged; None where none is.
    """
    unit, tolerance = examiner.ruler.unit, f"{examiner.ruler.tolerance:g} {examiner.ruler.unit}"
    of = _Maker(structures, examiner)
    found = [
        *of.each("dice", "Dice", lambda table: table.dice),
        of.together("iou", "Intersection over union", lambda table: table.iou),
        *of.each("hd95", f"95% Hausdorff distance, {unit}", lambda table: table.hausdorff95, bounds=(0.0, _INFINITY)),
        *of.each("nsd", f"Surface Dice within {tolerance}", lambda table: table.surface_dice),
    ]
    word = "Volume" if extent_unit == "ml" else "Size"
    for structure in structures:
        found += of.volume(structure, word, extent_unit)
        if examiner.lesions:
            found += of.lesion(structure)
    found.append(of.quality_error())
    return tuple(found) if review is None else (*found, *of.review(review))


def limits_of_agreement(rows: Floats) -> Statistic:
    """Half the width of the 95% limits of agreement (Bland and Altman, Lancet 1986): 1.96 standard deviations.

    NaN for one case.
    """
    values = rows[:, 0] - rows[:, 0].mean() if len(rows) else rows[:, 0]
    columns = np.column_stack([np.ones_like(values), values, values * values])
    reach = normal_quantile(0.95)

    def statistic(weights: Weights) -> Floats:
        total, first, second = (weights @ columns).T
        squares = np.maximum(second - first * divided(first, total), 0.0)
        found: Floats = reach * np.sqrt(divided(squares, total - 1.0))
        return found

    return statistic


def mean_of_structures(rows: Floats) -> Statistic:
    """Mean over structures of weighted means: columns in pairs, value times counted, and counted (1 or 0)."""

    def statistic(weights: Weights) -> Floats:
        sums = weights @ rows
        found: Floats = divided(sums[:, ::2], sums[:, 1::2]).mean(axis=1)
        return found

    return statistic


class _Maker:
    """Makes measures of columns of the table."""

    def __init__(self, structures: tuple[Structure, ...], examiner: Examiner) -> None:
        self.structures = structures
        self.examiner = examiner

    def of_table(
        self, read: Callable[[Table], Contributions]
    ) -> Callable[[Sequence[Delineated], Sequence[Segmentation]], Contributions]:
        """Contributions that are read from the table."""

        def contribute(outcomes: Sequence[Delineated], predictions: Sequence[Segmentation]) -> Contributions:
            return read(self.examiner.table(outcomes, predictions))

        return contribute

    def each(
        self, name: str, label: str, column: Column, *, bounds: tuple[float, float] = (0.0, 1.0)
    ) -> list[MaskMeasure]:
        """The mean over structures, and every structure by itself where there are several."""
        found = [self.together(name, label, column, bounds=bounds)]
        if len(self.structures) == 1:
            return found
        return found + [
            Measure(
                name=f"{name}{structure.suffix}",
                label=f"{label}{structure.tail}",
                columns=(name, "counted"),
                contribute=self.of_table(partial(_of_one, column, structure.place)),
                statistic=mean_of_structures,
                higher_is_better=bounds[1] == 1.0,
                bounds=bounds,
                absent=_absent((structure,)),
            )
            for structure in self.structures
        ]

    def together(
        self, name: str, label: str, column: Column, *, bounds: tuple[float, float] = (0.0, 1.0)
    ) -> MaskMeasure:
        """The mean over structures."""
        return Measure(
            name=name,
            label=label if len(self.structures) == 1 else f"{label} (mean of structures)",
            columns=self._pairs(name),
            contribute=self.of_table(lambda table: _counted(column(table))),
            statistic=mean_of_structures,
            higher_is_better=bounds[1] == 1.0,
            bounds=bounds,
            absent=_absent(self.structures),
        )

    def volume(self, structure: Structure, word: str, unit: str) -> list[MaskMeasure]:
        """Bias, mean absolute error and limits of agreement of a structure's size, over all cases."""
        k = structure.place

        def signed(table: Table) -> Contributions:
            return one_row_a_case(table.said[:, k] - table.drawn[:, k])

        def absolute(table: Table) -> Contributions:
            return one_row_a_case(np.abs(table.said[:, k] - table.drawn[:, k]))

        return [
            Measure(
                name=f"volume_bias{structure.suffix}",
                label=f"{word} bias (predicted minus drawn){structure.tail}, {unit}",
                columns=("error",),
                contribute=self.of_table(signed),
                statistic=mean,
                higher_is_better=None,
                target=0.0,
                bounds=(-_INFINITY, _INFINITY),
            ),
            Measure(
                name=f"volume_mae{structure.suffix}",
                label=f"{word}: mean absolute error{structure.tail}, {unit}",
                columns=("absolute_error",),
                contribute=self.of_table(absolute),
                statistic=mean,
                higher_is_better=False,
                bounds=(0.0, _INFINITY),
            ),
            Measure(
                name=f"volume_agreement{structure.suffix}",
                label=f"{word}: limits of agreement, bias \N{PLUS-MINUS SIGN}{structure.tail}, {unit}",
                columns=("error",),
                contribute=self.of_table(signed),
                statistic=limits_of_agreement,
                higher_is_better=False,
                bounds=(0.0, _INFINITY),
            ),
        ]

    def lesion(self, structure: Structure) -> list[MaskMeasure]:
        """Lesions found, of all lesions of all cases, and false ones a case."""
        k = structure.place
        return [
            Measure(
                name=f"lesion_sensitivity{structure.suffix}",
                label=f"Lesions found{structure.tail}",
                columns=("found", "lesions"),
                contribute=self.of_table(lambda table: one_row_a_case(table.found[:, k], table.lesions[:, k])),
                statistic=ratio,
                absent=lambda given: () if given[:, 1].any() else (f"lesions of {structure.name}",),
            ),
            Measure(
                name=f"lesion_false_positives{structure.suffix}",
                label=f"False lesions a case{structure.tail}",
                columns=("false",),
                contribute=self.of_table(lambda table: one_row_a_case(table.false[:, k])),
                statistic=mean,
                higher_is_better=False,
                bounds=(0.0, _INFINITY),
            ),
        ]

    def quality_error(self) -> MaskMeasure:
        """How far the expected Dice of a case lies from its real one."""
        return Measure(
            name="quality_error",
            label="Expected Dice: mean absolute error",
            columns=("absolute_error", "counted"),
            contribute=self.of_table(lambda table: _counted(np.abs(table.predicted_quality - table.quality)[:, None])),
            statistic=mean_of_structures,
            higher_is_better=False,
        )

    def review(self, flag: Flag) -> list[MaskMeasure]:
        """Share of cases that are flagged, and Dice of the others."""

        def share(table: Table) -> Contributions:
            there = flag.of(table).astype(np.float64)
            return one_row_a_case(there, np.ones_like(there))

        def rest(table: Table) -> Contributions:
            return _counted(np.where(flag.of(table)[:, None], np.nan, table.dice))

        return [
            Measure(
                name="flagged",
                label="Cases flagged for review",
                columns=("flagged", "cases"),
                contribute=self.of_table(share),
                statistic=ratio,
                higher_is_better=False,
                interval=proportion.interval,
                clustered_interval=proportion.clustered_interval,
                contrast=proportion.contrast,
                operating=True,
            ),
            Measure(
                name="dice_unflagged",
                label="Dice of cases that are not flagged",
                columns=self._pairs("dice"),
                contribute=self.of_table(rest),
                statistic=mean_of_structures,
                operating=True,
                absent=_absent(self.structures),
            ),
        ]

    def _pairs(self, name: str) -> tuple[str, ...]:
        return tuple(f"{what}{one.suffix}" for one in self.structures for what in (name, "counted"))


def _absent(structures: Sequence[Structure]) -> Callable[[Floats], tuple[str, ...]]:
    """Which structures are counted in no case: neither drawn nor predicted in any."""
    return lambda given: tuple(one.name for k, one in enumerate(structures) if not given[:, 2 * k + 1].any())


def _of_one(column: Column, place: int, table: Table) -> Contributions:
    return _counted(column(table)[:, place : place + 1])


def _counted(values: Floats) -> Contributions:
    """Values of shape (n, structures) beside whether they are known, in pairs of columns."""
    known = np.isfinite(values)
    pairs = np.stack([np.where(known, values, 0.0), known.astype(np.float64)], axis=2)
    return one_row_a_case(*pairs.reshape(len(values), -1).T)
