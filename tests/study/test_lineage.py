"""A model that begins from another run is told apart from one that was judged fairly."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.study.tiny import Logistic, Rows, X, digest, small, variables

from bedside.data.validation import CrossValidation, Holdout
from bedside.errors import ModelError, RunMismatch, StudyError
from bedside.modalities.modality import Variable
from bedside.study import lineage
from bedside.study.earlier import earlier
from bedside.study.folder import RunFolder
from bedside.study.run import run
from bedside.training.elsewhere import Elsewhere

HOLDOUT = (Holdout(),)


@dataclass(frozen=True)
class Begun(Logistic):
    """A learner that has seen cases elsewhere."""

    elsewhere: Elsewhere | None = None


def begun(seen: Elsewhere) -> Begun:
    return Begun("both", (True, True), seen)


def findings(path: Path, seen: Elsewhere, **changes: object) -> list[tuple[str, int, str]]:
    study = small(**{"validations": HOLDOUT, "model": begun(seen), **changes})
    evidence = run(study, out=path, jobs=1)
    return [(one.severity, int(one.count), one.text) for one in evidence.audit if one.kind == "begun_elsewhere"]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        run(small(validations=HOLDOUT), out=folder / "run", jobs=1)
    return folder / "run"


def test_a_run_keeps_hashes_of_what_it_learned_from_and_no_others(first: Path) -> None:
    fit = earlier(first)
    assert (fit.study, fit.learner, fit.simulated) == ("tiny", "both", False)
    rows = [(row.a, row.b) for row in Rows().simulate(120, seed=99)]
    every = lineage.contents(small().modality, digest(rows))
    assert fit.contents is not None
    assert fit.contents < set(every)
    assert 0.6 < len(fit.contents) / 117 < 0.95
    with np.load(RunFolder(first).learned, allow_pickle=False) as stored:
        assert {stored[name].dtype.kind for name in stored} == {"u", "b", "U"}


def test_the_same_division_shares_no_judged_case(first: Path, tmp_path: Path) -> None:
    seen = Elsewhere("an earlier run", earlier(first).contents)
    (severity, count, text), *more = findings(tmp_path / "run", seen)
    assert (severity, count, more) == ("info", 0, [])
    assert "none of the" in text


def test_another_division_is_a_serious_finding_with_its_count(first: Path, tmp_path: Path) -> None:
    contents = earlier(first).contents
    assert contents is not None
    seen = Elsewhere("an earlier run", contents)
    ((severity, count, text),) = findings(tmp_path / "run", seen, validations=(CrossValidation(folds=3, repeats=1),))
    assert severity == "serious"
    assert count == len(contents)
    assert f"learned from {count} of the 117 judged cases" in text


def test_what_nobody_can_know_is_said(tmp_path: Path) -> None:
    ((severity, count, text),) = findings(tmp_path / "run", Elsewhere("weights of a stranger", None))
    assert (severity, count) == ("warning", 0)
    assert "cannot be known" in text


def unlabelled(rows: Sequence[X]) -> Elsewhere:
    return Elsewhere("unlabelled cases", predictors=rows)


def test_declared_cases_that_are_judged_are_refused(tmp_path: Path) -> None:
    rows = [(row.a, row.b) for row in Rows().simulate(120, seed=99)]
    with pytest.raises(StudyError, match=r"from 120 declared cases, of which \d+ are judged in tiny; .*leave them"):
        run(small(validations=HOLDOUT, model=begun(unlabelled(rows))), out=tmp_path / "run", jobs=1)
    assert not RunFolder(tmp_path / "run").evidence.exists()


def three(rows: Sequence[X]) -> tuple[Variable, ...]:
    """One column more: fewer than three vary too little for nearness to mean anything."""
    return (*variables(rows), Variable("c", "", numbers=np.array([a * b for a, b in rows])))


@pytest.mark.parametrize("shift", [1e-6, 10.0])
def test_declared_cases_that_nearly_equal_judged_ones_are_a_finding(tmp_path: Path, shift: float) -> None:
    rows = [(row.a + shift, row.b) for row in Rows().simulate(120, seed=99)]
    study = small(validations=HOLDOUT, model=begun(unlabelled(rows)))
    study = replace(study, modality=replace(study.modality, variables=three))
    evidence = run(study, out=tmp_path / "run", jobs=1)
    judged = next(int(part.cases) for part in evidence.partitions if part.partition == "test")
    found = [(one.severity, int(one.count)) for one in evidence.audit if one.kind == "near_copies_elsewhere"]
    assert found == ([("warning", judged)] if shift < 1 else [])


def test_declared_cases_are_part_of_the_data_and_are_inherited(tmp_path: Path) -> None:
    one, other = ([(row.a, row.b) for row in Rows().simulate(20, seed=seed)] for seed in (1, 2))
    hashes = []
    for number, rows in enumerate((one, other)):
        study = small(validations=HOLDOUT, model=begun(unlabelled(rows)))
        hashes.append(run(study, out=tmp_path / str(number), jobs=1).provenance.data_hash)
    assert hashes[0] != hashes[1]
    further = set(lineage.contents(small().modality, digest(one)))
    with_them, without = earlier(tmp_path / "0").contents, earlier(tmp_path / "0", "first_only").contents
    assert with_them is not None
    assert without is not None
    assert with_them - without == further


def test_what_a_run_began_from_is_inherited(first: Path, tmp_path: Path) -> None:
    contents = earlier(first).contents
    findings(tmp_path / "second", Elsewhere("an earlier run", contents), source=Rows(seed=5))
    second = earlier(tmp_path / "second").contents
    assert contents is not None
    assert second is not None
    assert contents < second
    findings(tmp_path / "third", Elsewhere("a stranger", None), source=Rows(seed=5))
    assert earlier(tmp_path / "third").contents is None
    assert earlier(tmp_path / "third", "first_only").contents is not None


def test_a_run_that_tells_nothing_is_not_believed(first: Path, tmp_path: Path) -> None:
    run(small(validations=HOLDOUT), out=tmp_path / "run", jobs=1)
    RunFolder(tmp_path / "run").learned.unlink()
    assert earlier(tmp_path / "run").contents is None
    RunFolder(tmp_path / "run").learned.write_bytes(RunFolder(first).learned.read_bytes()[:200])
    assert earlier(tmp_path / "run").contents is None


def test_what_is_no_run_is_refused(first: Path, tmp_path: Path) -> None:
    with pytest.raises(RunMismatch, match="holds no finished run to begin from"):
        earlier(tmp_path)
    with pytest.raises(StudyError, match="no learner 'deep'; it has both, first_only, neither"):
        earlier(first, "deep")
    run(small(validations=HOLDOUT), out=tmp_path / "run", jobs=1)
    where = earlier(tmp_path / "run").folder
    where.rename(where.with_name("elsewhere"))
    with pytest.raises(ModelError, match="is missing"):
        earlier(tmp_path / "run")
