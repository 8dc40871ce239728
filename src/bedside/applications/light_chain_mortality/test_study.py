"""The light_chain_mortality study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.light_chain_mortality.study import study


def test_conforms(tmp_path: Path) -> None:
    check_study(study(), tmp_path, outcome_columns=("years", "died"))
