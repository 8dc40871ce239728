"""A release is what was judged, whole, and of the code that is installed; or it is refused."""

import json
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.serve import conftest
from tests.serve.conftest import Made

from bedside.cli.main import main
from bedside.cli.resolve import resolve
from bedside.errors import ReleaseProblem, ReleaseRefused, RunMismatch
from bedside.evidence.release import Manifest, State
from bedside.evidence.schema import Evidence
from bedside.serve.release import open_release
from bedside.serve.sealed import manifest_of, verified
from bedside.study.folder import RunFolder
from bedside.study.hashes import sha256
from bedside.study.progress import Silent
from bedside.study.release import Asked, release, to_json
from bedside.study.run import prepare
from bedside.study.signature import public_of


def test_every_file_is_named_and_the_manifest_says_what_it_is(made: Made) -> None:
    manifest = verified(made.release, keys=[public_of(made.folder / "key.public.pem")])
    assert (manifest.name, manifest.version, manifest.entry) == ("ward", "1", "ward")
    assert manifest.learner.name == Evidence.model_validate_json((made.release / "evidence.json").read_bytes()).released
    assert manifest.learner.form == "onnx"
    assert manifest.beside is not None
    assert manifest.beside.name == "single_age"
    assert all(gate.passed for gate in manifest.gates)
    assert {gate.name for gate in manifest.gates} >= {"not_simulated", "leakage_audit", "plan_followed", "lower_bound"}
    assert manifest.equality.cases == 600
    assert manifest.equality.largest <= 1e-4
    parts = {"evidence.json", "report.html", "card.md", "bindings.json", "thresholds.json", "calibration.json"}
    assert parts | {"conformal.json", "profile.json"} <= set(manifest.files)
    assert any(name.endswith(".onnx") for name in manifest.files)


def test_what_is_served_is_what_was_judged(beside: Made) -> None:
    """Each member repeats its own split's judged predictions, read from predictions.parquet."""
    opened = open_release(beside.release, resolve)
    job = prepare(
        opened.study, RunFolder(beside.folder / "run"), root=Path(), seed=0, simulated=None, progress=Silent()
    )
    table = pl.read_parquet(beside.folder / "run" / "predictions.parquet")
    for member, split in zip(opened.members, job.divisions[0].splits, strict=True):
        judged = table.filter((pl.col("split") == split.name) & (pl.col("learner") == opened.manifest.learner.name))
        samples = {str(sample.key): sample.predictors for sample in job.divisions[0].samples}
        predicted = member.predict([samples[key] for key in judged["sample"].to_list()])
        assert np.allclose(predicted, judged["prediction.probability"].to_numpy(), atol=1e-4, rtol=0)


def test_any_changed_file_is_refused(beside: Made) -> None:
    for name in [*verified(beside.release).files, "release.json", "release.sig"]:
        path = beside.release / name
        content = path.read_bytes()
        changed = bytearray(content)
        changed[len(changed) // 2] ^= 1
        path.write_bytes(bytes(changed))
        with pytest.raises(ReleaseProblem):
            open_release(beside.release, resolve)
        path.write_bytes(content)
    open_release(beside.release, resolve)


def test_any_missing_file_is_refused(beside: Made) -> None:
    for name in [*verified(beside.release).files, "release.json", "release.sig"]:
        path = beside.release / name
        content = path.read_bytes()
        path.unlink()
        with pytest.raises(ReleaseProblem, match=r"lacks|holds no"):
            open_release(beside.release, resolve)
        path.write_bytes(content)


@pytest.mark.parametrize("name", ["more.txt", "models/00/more.onnx", ".hidden"])
def test_any_further_file_is_refused(beside: Made, name: str) -> None:
    (beside.release / name).write_text("more")
    with pytest.raises(ReleaseProblem, match="not sealed"):
        verified(beside.release)


def test_a_link_is_refused(beside: Made) -> None:
    card = beside.release / "card.md"
    card.rename(beside.folder / "card.md")
    card.symlink_to(beside.folder / "card.md")
    with pytest.raises(ReleaseProblem, match="links"):
        verified(beside.release)


def _resealed(folder: Path, **changes: object) -> Manifest:
    """The manifest with changes, written without a signature, as somebody without the key could."""
    manifest = Manifest.model_validate(manifest_of(folder).model_dump() | {"signer": ""} | changes)
    (folder / "release.json").write_text(to_json(manifest))
    (folder / "release.sig").unlink(missing_ok=True)
    return manifest


def test_an_unsigned_copy_is_refused_where_keys_are_asked_for(beside: Made) -> None:
    _resealed(beside.release, intended_use="Everybody.")
    verified(beside.release)
    with pytest.raises(ReleaseProblem, match="not signed"):
        verified(beside.release, keys=[public_of(beside.folder / "key.public.pem")])


def test_another_key_is_refused(beside: Made) -> None:
    conftest.key_in(beside.folder, "other")
    with pytest.raises(ReleaseProblem, match="not among the 1"):
        verified(beside.release, keys=[public_of(beside.folder / "other.public.pem")])


@pytest.mark.parametrize("version", ["1.1", "2.0", "10.0"])
def test_a_newer_manifest_is_refused_whatever_else_it_says(beside: Made, version: str) -> None:
    path = beside.release / "release.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": version, "unheard_of": 1}))
    with pytest.raises(ReleaseProblem, match=f"of version {version}"):
        verified(beside.release)


def test_newer_evidence_is_refused(beside: Made) -> None:
    path = beside.release / "evidence.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": "9.0"}))
    files = manifest_of(beside.release).files | {"evidence.json": sha256(path.read_bytes())}
    _resealed(beside.release, files=files)
    with pytest.raises(ReleaseProblem, match=r"of version 9\.0"):
        verified(beside.release)


def test_other_code_is_refused(beside: Made) -> None:
    _resealed(beside.release, code_hash="0" * 64)
    with pytest.raises(ReleaseProblem, match="another code"):
        open_release(beside.release, resolve)


def test_another_declaration_is_refused(beside: Made) -> None:
    with pytest.raises(ReleaseProblem, match="another declaration"):
        open_release(beside.release, lambda entry: replace(resolve(entry), margin=0.2))


def test_a_study_that_is_not_installed_is_refused(beside: Made) -> None:
    _resealed(beside.release, entry="no_such_study")
    with pytest.raises(ReleaseProblem, match="not installed"):
        open_release(beside.release, resolve)


def test_an_expired_release_is_withdrawn(beside: Made) -> None:
    assert open_release(beside.release, resolve).state is State.CANDIDATE
    _resealed(beside.release, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert open_release(beside.release, resolve).state is State.WITHDRAWN


def test_a_demonstration_is_marked(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(made.folder)
    opened = open_release(made.demonstration, resolve)
    assert opened.manifest.demonstration
    assert opened.state is State.DEMONSTRATION
    assert not next(gate for gate in opened.manifest.gates if gate.name == "not_simulated").passed


def _asked(made: Made, **changes: object) -> Asked:
    base = Asked(out=made.folder / "new", version="7", report=made.folder / "run" / "report.html", card="A card.")
    return replace(base, **changes)  # type: ignore[arg-type]


def test_real_data_are_no_demonstration(beside: Made) -> None:
    with pytest.raises(ReleaseRefused, match="real data"):
        release(resolve("ward"), beside.folder / "run", _asked(beside, demonstration=True))


def test_simulated_data_are_refused_even_where_no_gate_says_so(beside: Made) -> None:
    from bedside.study import release as module
    from bedside.study.gates import LeakageAudit

    study = replace(resolve("ward"), gates=(LeakageAudit(),))
    evidence = Evidence.model_validate_json((beside.folder / "simulated" / "evidence.json").read_bytes())
    found = module.judged(study, evidence, demonstration=False)
    assert [(gate.name, gate.passed) for gate in found] == [("not_simulated", False), ("leakage_audit", True)]


def test_predictions_that_differ_are_refused_and_nothing_is_left(beside: Made) -> None:
    """The table of judged predictions is changed by 1e-3, and the evidence made to agree with it."""
    run = beside.folder / "run"
    table = pl.read_parquet(run / "predictions.parquet")
    table.with_columns(pl.col("prediction.probability") * 0.99).write_parquet(run / "predictions.parquet")
    evidence = json.loads((run / "evidence.json").read_text())
    evidence["provenance"]["files"]["predictions.parquet"] = sha256((run / "predictions.parquet").read_bytes())
    (run / "evidence.json").write_text(json.dumps(evidence))
    with pytest.raises(ReleaseRefused, match="is not what was judged"):
        release(resolve("ward"), run, _asked(beside))
    assert [path.name for path in beside.folder.iterdir() if "new" in path.name] == []


def test_a_changed_table_of_predictions_is_refused(beside: Made) -> None:
    table = beside.folder / "run" / "predictions.parquet"
    table.write_bytes(table.read_bytes() + b"\0")
    with pytest.raises(RunMismatch, match="not the one that the evidence was made of"):
        release(resolve("ward"), beside.folder / "run", _asked(beside))


def test_another_declaration_than_that_of_the_run_is_refused(beside: Made) -> None:
    with pytest.raises(RunMismatch, match="another declaration"):
        release(replace(resolve("ward"), margin=0.5), beside.folder / "run", _asked(beside))


def test_a_release_is_never_written_over(beside: Made) -> None:
    (beside.folder / "new").mkdir()
    with pytest.raises(ReleaseProblem, match="exists already"):
        release(resolve("ward"), beside.folder / "run", _asked(beside))


def test_bindings_must_name_the_predictors(beside: Made) -> None:
    from bedside.study import release as module

    study = resolve("ward")
    assert study.bindings is not None
    short = study.bindings.model_copy(update={"predictors": study.bindings.predictors[:1]})
    with pytest.raises(ReleaseProblem, match=r"without a binding \['lactate', 'sex'\]"):
        module.release(replace(study, bindings=short), beside.folder / "run", _asked(beside))


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, ".")
from bedside.cli.resolve import resolve
from bedside.study import release as module
def killed(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
module.seal = killed
asked = module.Asked(out=Path("new"), version="7", report=Path("run/report.html"), card="")
module.release(resolve("ward"), Path("run"), asked)
"""


def test_a_killed_write_leaves_nothing_that_could_be_taken_for_a_release(beside: Made) -> None:
    done = conftest.python(KILLED, beside.folder)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not (beside.folder / "new").exists()
    (left,) = beside.folder.glob(".new.*.part")
    with pytest.raises(ReleaseProblem, match=r"holds no release\.json"):
        verified(left)
    release(resolve("ward"), beside.folder / "run", _asked(beside))
    verified(beside.folder / "new")


def test_a_folder_that_cannot_be_written_is_said(beside: Made) -> None:
    place = beside.folder / "file"
    place.write_text("")
    assert main(["release", "run", "--out", str(place / "inside")]) == 4
