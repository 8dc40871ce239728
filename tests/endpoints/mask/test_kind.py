"""The words, cells and figures of outlines."""

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from joblib import wrap_non_picklable_objects
from tests.endpoints.mask.outlines import cases

from bedside.endpoints.endpoint import Reference, View
from bedside.endpoints.mask.kind import MaskEndpoint, mask, pooled
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.errors import OutcomeProblem, StatisticsError, StudyError
from bedside.evidence.figure import Figure

TWO = mask(("anterior", "posterior"), tolerance_mm=1.0)
ONE = mask(("vessels",), tolerance_pixels=1.0)


@pytest.mark.parametrize(
    ("structures", "options", "told"),
    [
        ((), {"tolerance_mm": 1.0}, "give one to 254 different words"),
        (("a", "A"), {"tolerance_mm": 1.0}, "different words"),
        (("a", ""), {"tolerance_mm": 1.0}, "different words"),
        (("a",), {}, "give one of them, above 0"),
        (("a",), {"tolerance_mm": 1.0, "tolerance_pixels": 1.0}, "give one of them"),
        (("a",), {"tolerance_mm": 0.0}, "above 0"),
        (("a",), {"tolerance_mm": 1.0, "review_below": 1.0}, "strictly between 0 and 1"),
        (("a",), {"tolerance_mm": 1.0, "review_sensitivity": 0.0}, "above 0, at most 1"),
    ],
)
def test_what_cannot_be_declared(structures: tuple[str, ...], options: dict[str, Any], told: str) -> None:
    with pytest.raises(StudyError, match=told):
        mask(structures, **options)


def test_outlines_in_words() -> None:
    both, one, none = (Mask(np.array([row], np.uint8)) for row in ([0, 1, 2], [0, 0, 2], [0, 0, 0]))
    assert TWO.describe(both) == "2 of 2 structures: anterior, posterior"
    assert TWO.describe(one) == "1 of 2 structures: posterior"
    assert TWO.describe(none) == "no structure"
    assert [TWO.stratum(each) for each in (both, one, none)] == [(True, True), (False, True), (False, False)]
    assert ONE.describe(none) == "no vessels"
    assert ONE.describe(Mask(np.array([[1]], np.uint8))) == "vessels"
    with pytest.raises(OutcomeProblem, match="holds label 2"):
        ONE.describe(both)
    with pytest.raises(OutcomeProblem, match="no cell of a table holds"):
        TWO.parse("anterior")


def test_names_of_measures_are_doubled_only_where_structures_are_several() -> None:
    outcomes, told = cases(1, 3, (5, 5), 1, None)
    names = [measure.name for measure in ONE.measures(Reference(outcomes, outcomes, told))]
    assert names == [
        *("dice", "iou", "hd95", "nsd", "volume_bias", "volume_mae", "volume_agreement"),
        *("quality_error", "flagged", "dice_unflagged"),
    ]
    outcomes, told = cases(1, 3, (5, 5), 2, (1.0, 1.0))
    names = [measure.name for measure in TWO.measures(Reference(outcomes, outcomes, told))]
    assert len(names) == 19
    assert {"dice", "dice_anterior", "dice_posterior", "volume_bias_anterior"} <= set(names)
    assert "volume_bias" not in names


def test_members_are_pooled_pixel_by_pixel() -> None:
    one, other = (Segmentation(np.array([[row]], np.uint8)) for row in ([0, 255, 10], [255, 255, 13]))
    assert pooled([[one], [other]])[0].shares.tolist() == [[[128, 255, 12]]]
    with pytest.raises(StatisticsError, match="must see the same image"):
        pooled([[one], [Segmentation(np.zeros((1, 1, 2), np.uint8))]])


def test_stored_outcomes_keep_spacing_and_judged_regions() -> None:
    labels = np.array([[0, 1, 1], [2, 0, 0]], np.uint8)
    outcomes = [Mask(labels, (1.0, 0.5)), Mask(labels.T.copy()), Mask(labels, None, labels < 2)]
    cells = TWO.outcome_cells(outcomes)
    assert TWO.restore_outcomes(cells) == outcomes
    assert np.asarray(cells["voxels_posterior"]).tolist() == [1.0, 1.0, 0.0], "judged pixels"


def test_cells_tell_size_and_expected_dice() -> None:
    cells = ONE.cells([Segmentation(np.array([[[255, 153, 102, 0]]], np.uint8))])
    assert np.asarray(cells["voxels"]).tolist() == [2.0]
    assert np.asarray(cells["predicted_dice"]).tolist() == pytest.approx([0.8])


def test_shares_of_another_run_are_noticed() -> None:
    _, told = cases(2, 3, (5, 5), 1, None)
    cells = dict(ONE.cells(told))
    cells["voxels"] = np.asarray(cells["voxels"]) + 1.0
    with pytest.raises(StatisticsError, match="damaged or of different runs"):
        ONE.restore(cells)


def test_nothing_is_known_without_a_model() -> None:
    outcomes, _ = cases(2, 3, (5, 5), 2, None)
    empty = TWO.target.uninformed(outcomes)
    assert not any(one.shares.any() for one in empty)
    assert [one.size for one in empty] == [one.size for one in outcomes]
    assert TWO.target.losses(outcomes, empty).tolist() == pytest.approx(
        [np.mean([(one.labels == k).any() for k in (1, 2)]) for one in outcomes]
    )


def test_doubts() -> None:
    assert "all its outlines of vessels are too large" in ONE.doubt({"volume_bias": 9.0, "volume_agreement": 4.0})
    assert "too small" in TWO.doubt({"volume_bias_anterior": -9.0, "volume_agreement_anterior": 4.0})
    assert not ONE.doubt({"volume_bias": 3.0, "volume_agreement": 4.0, "dice": 0.8, "quality_error": 0.02})
    assert "outlines as vessels" in ONE.doubt({"dice": 0.4})
    assert "off by 0.30" in ONE.doubt({"quality_error": 0.3})
    assert "not its worse ones" in ONE.doubt({"dice": 0.9, "dice_unflagged": 0.8})


def test_an_endpoint_travels_to_other_processes() -> None:
    outcomes, told = cases(2, 3, (5, 5), 1, None)
    ONE.measures(Reference(outcomes, outcomes, told))[0].contribute(outcomes, told)
    there = pickle.loads(pickle.dumps(wrap_non_picklable_objects(ONE.loss)))  # noqa: S301 - our own bytes
    assert there(outcomes, told) == ONE.loss(outcomes, told)


def drawn(
    endpoint: MaskEndpoint, outcomes: Sequence[Mask], told: Sequence[Segmentation], *, smallest: int = 0
) -> dict[str, Figure]:
    n = len(outcomes)
    settings = endpoint.settings(Reference(outcomes, outcomes, told))
    views: list[View[Delineated, Segmentation]] = [
        View(
            learner=learner,
            outcomes=outcomes,
            predictions=predictions,
            fold=np.zeros(n, np.int64),
            patient=np.arange(n, dtype=np.int64),
            settings=[settings],
            smallest_cell=smallest,
        )
        for learner, predictions in (("our_network", told), ("atlas", [*told[1:], told[0]]))
    ]
    return {figure.name: figure for figure in endpoint.figures(views)}


def test_figures_of_two_structures() -> None:
    outcomes, told = cases(4, 24, (6, 6), 2, (1.0, 1.0))
    figures = drawn(TWO, outcomes, told)
    assert list(figures) == ["dice", "volumes_anterior", "volumes_posterior", "expected_dice"]
    dice = figures["dice"]
    ours, points, other = dice.series
    assert (ours.learner, points.learner, other.learner) == ("our_network", "our_network", "atlas")
    table = [[2 * np.sum((o.labels == k) & (p.labels == k)) / max(1, np.sum(o.labels == k) + np.sum(p.labels == k))
              for o, p in zip(outcomes, told, strict=True) if (o.labels == k).any() or (p.labels == k).any()]
             for k in (1, 2)]  # fmt: skip
    assert ours.y == pytest.approx([float(np.median(each)) for each in table], rel=1e-5)
    assert len(points.y) == sum(map(len, table))
    assert dice.x_categories == (f"anterior ({len(table[0])})", f"posterior ({len(table[1])})")
    assert "median Dice" in dice.conclusion
    assert figures["volumes_anterior"].y_label == "Predicted minus drawn (mm\N{SUPERSCRIPT TWO})"
    assert len(figures["volumes_anterior"].horizontal) == 3
    assert figures["expected_dice"].series[1].style == "line"


def test_structures_of_few_patients_are_withheld() -> None:
    outcomes, told = cases(4, 12, (6, 6), 2, (1.0, 1.0))
    rare = [Mask(np.where(one.labels == 2, 0, one.labels).astype(np.uint8), one.spacing) for one in outcomes[3:]]
    kept = np.array([1, 0], np.uint8).reshape(2, 1, 1)
    without = [Segmentation(one.shares * kept) for one in told[3:]]
    figures = drawn(TWO, [*outcomes[:3], *rare], [*told[:3], *without], smallest=5)
    assert list(figures) == ["dice", "volumes_anterior", "expected_dice"]
    assert figures["dice"].x_categories[1] == "posterior (<5)"
    assert {round(x) for series in figures["dice"].series for x in series.x} == {0}
    assert "withheld" in figures["dice"].conclusion
    assert not drawn(TWO, outcomes[:3], told[:3], smallest=5)
