"""The biliary_cirrhosis study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.biliary_cirrhosis.study import study


def test_conforms(tmp_path: Path) -> None:
    check_study(study(), tmp_path, n=320, outcome_columns=("years", "ending"))
