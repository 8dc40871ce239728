"""The node_positive_recurrence study conforms."""

from pathlib import Path

from tests.conformance.study import check_study

from bedside.applications.node_positive_recurrence.study import study


def test_conforms(tmp_path: Path) -> None:
    check_study(study(), tmp_path, outcome_columns=("months", "event", "source"))
