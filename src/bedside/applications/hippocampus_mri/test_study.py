"""The hippocampus_mri study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.hippocampus_mri.study import study


def test_conforms(tmp_path: Path) -> None:
    check_study(study(epochs=2, trees=5, atlases=1), tmp_path, n=12)
