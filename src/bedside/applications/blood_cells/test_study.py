"""The blood_cells study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.blood_cells.study import study


def test_conforms(tmp_path: Path) -> None:
    check_study(study(), tmp_path, n=12)
