"""The breast_cancer_survival study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.breast_cancer_survival.study import study


def test_conforms(tmp_path: Path) -> None:
    check_study(study(), tmp_path, outcome_columns=("months", "died", "partition"))
