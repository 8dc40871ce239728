"""The hippocampal_volume study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.hippocampal_volume.study import PLAN, study
from bedside.modalities.imaging.augment.standard import standard


def test_conforms(tmp_path: Path) -> None:
    check_study(study(), tmp_path, n=30)


def test_augmentation_leaves_the_volume_as_it_is() -> None:
    assert "scaled by" in standard(PLAN).description
    assert "turned by" in study().model.description
    assert "scaled by" not in study().model.description
