"""The ABCD rule without its border, at its limits and on a lesion of the data."""

import numpy as np

from bedside.applications.skin_lesion.abcd import STRUCTURES, abcd
from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.modality import imaging
from bedside.sources.ph2 import ScoredLesion

PICTURE = Image(np.zeros((3, 4, 4), dtype=np.uint8))


def lesion(asymmetry: float, colours: float, *there: str) -> ScoredLesion:
    return ScoredLesion(
        PICTURE, {"asymmetry": asymmetry, "colours": colours, **{name: float(name in there) for name in STRUCTURES}}
    )


def test_each_part_weighs_as_published() -> None:
    assert abcd(lesion(0, 1)) == 0.5
    assert abcd(lesion(1, 1)) == 1.3 + 0.5
    assert abcd(lesion(0, 3)) == 1.5
    for name in STRUCTURES:
        assert abcd(lesion(0, 1, name)) == 1.0
    assert abcd(lesion(2, 6, *STRUCTURES)) == 2 * 1.3 + 6 * 0.5 + 5 * 0.5


def test_an_image_without_scores_has_no_answer() -> None:
    assert abcd(PICTURE) is None


def test_a_worse_picture_keeps_what_experts_scored() -> None:
    modality, given = imaging(), lesion(2, 3, "streaks")
    assert modality.perturbations is not None
    for one in modality.perturbations([given]):
        (changed,) = one.apply([given], np.random.default_rng(0))
        assert abcd(changed) == abcd(given)
