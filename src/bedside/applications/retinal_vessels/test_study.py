"""The retinal_vessels study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.retinal_vessels.study import study


def test_conforms(tmp_path: Path) -> None:
    check_study(study(epochs=2, trees=5), tmp_path, n=12)
