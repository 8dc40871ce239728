"""The ledger counts looks at test data, and survives a process that was killed."""

from pathlib import Path

import pytest

from bedside.errors import OutputProblem
from bedside.study.ledger import Access, record


def test_looks_are_counted_by_run_and_code(tmp_path: Path) -> None:
    path = tmp_path / "below" / "ledger.jsonl"
    first = Access("holdout", "h", "code", "run 1")
    assert record([first], path)[0].evaluations == 1
    assert record([first], path)[0].evaluations == 1
    (found,) = record([Access("holdout", "h", "other code", "run 2")], path)
    assert (found.evaluations, found.distinct_code) == (2, 2)
    (other,) = record([Access("holdout", "another test set", "code", "run 1")], path)
    assert other.evaluations == 1


def test_a_line_cut_short_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    record([Access("holdout", "h", "code", "run 1")], path)
    with path.open("a", encoding="utf-8") as handle:
        handle.write('["holdout", "h", "co\n')
    assert record([Access("holdout", "h", "code", "run 2")], path)[0].evaluations == 2


def test_a_ledger_that_cannot_be_written_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputProblem):
        record([Access("holdout", "h", "code", "run")], tmp_path / "file" / "ledger.jsonl")
