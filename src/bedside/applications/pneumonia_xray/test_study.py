"""The pneumonia_xray study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.pneumonia_xray.study import study


def test_conforms(tmp_path: Path) -> None:
    check_study(study(), tmp_path, n=90)
