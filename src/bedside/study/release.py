"""From a finished run to a release: gates, the rule, what will be served proven to be what was judged, one folder."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bedside
from bedside.data.files import data_root
from bedside.errors import ModelError, ReleaseProblem, ReleaseRefused, RunMismatch
from bedside.evidence.figure import Frozen
from bedside.evidence.release import (
    Bindings,
    CalibrationTable,
    ChangePlan,
    GateResult,
    Manifest,
    Regulation,
    ServedLearner,
)
from bedside.evidence.schema import Evidence
from bedside.study import equality, gates, hashes, reference, signature
from bedside.study.declare import Study
from bedside.study.fits import MODEL, Judgement, read
from bedside.study.folder import RunFolder, explain, read_json
from bedside.study.job import Job
from bedside.study.progress import Progress, Silent
from bedside.study.release_rule import simplest_within_margin
from bedside.study.run import prepare
from bedside.study.trials import with_trials
from bedside.training.export import Exported, export, serve

MANIFEST, SIGNATURE = "release.json", "release.sig"
MODELS, BESIDE = "models", "comparator"
BINDINGS, THRESHOLDS, CALIBRATION, CONFORMAL = "bindings.json", "thresholds.json", "calibration.json", "conformal.json"
EVIDENCE, REPORT, CARD, PROFILE, TOML = "evidence.json", "report.html", "card.md", "profile.json", "study.toml"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a run is to be released.

    Attributes:
        out: Folder of the release; must not exist.
        version: Of this release.
        report: The report of the run, as HTML.
        card: The model card of the learner that is released.
        key: Ed25519 private key (PEM) that signs the manifest; None signs nothing.
        expires_at: When it stops answering; None for never.
        demonstration: Whether simulated data are released, to be shown and marked.
        root: Where the data lie; `data_root()` when None.
        accept: SHA-256 hashes of files that may stand for the published ones, as in the run.
    """

    out: Path
    version: str
    report: Path
    card: str
    key: Path | None = None
    expires_at: datetime | None = None
    demonstration: bool = False
    root: Path | None = None
    accept: Sequence[str] = ()
    progress: Progress = field(default_factory=Silent)


def chosen(evidence: Evidence, *, demonstration: bool) -> str:
    """The learner that the release rule names, by name.

    Raises:
        ReleaseRefused: It names none.
    """
    study = evidence.study
    name = evidence.released
    if name is None and demonstration:
        measure = next(one for one in evidence.measures if one.name == study.primary_measure)
        rows = [row for row in evidence.performance if row.validation == study.primary_validation]
        learners = [learner.name for learner in study.learners]
        name = simplest_within_margin(
            rows,
            learners,
            measure=study.primary_measure,
            margin=study.margin,
            higher_is_better=measure.higher_is_better is not False,
        )
    if name is None and not study.simulated:
        msg = f"the release rule ({study.release_rule}) names no learner: no tuning value could be estimated"
        raise ReleaseRefused(msg)
    return name or study.model


def judged(study: Study[Any, Any, Any, Any], evidence: Evidence, *, demonstration: bool) -> tuple[GateResult, ...]:
    """What every gate says of the learner that the rule names."""
    return gates.judge(study.gates, evidence, chosen(evidence, demonstration=demonstration))


def release(study: Study[Any, Any, Any, Any], run: Path, asked: Asked) -> Manifest:
    """Write the folder of a release, whole or not at all.

    Args:
        study: The study that was run, declared as it was then.
        run: Folder of its finished run.
        asked: How.

    Raises:
        ReleaseRefused: A gate did not pass, simulated data, or what would be served is not what was judged.
        ReleaseProblem: The folder exists, or bindings name other predictors.
        RunMismatch: The run is not finished, of another study, of other code, or its data have changed.
    """
    folder = RunFolder(run)
    study, evidence = _as_run(study, folder)
    _refuse_demonstration(evidence, asked)
    name = chosen(evidence, demonstration=asked.demonstration)
    passed = gates.judge(study.gates, evidence, name)
    refused = [gate for gate in passed if not gate.passed]
    if refused and not asked.demonstration:
        told = "; ".join(f"{gate.name}: {gate.text.rstrip('.')}" for gate in refused)
        msg = f"{study.name} may not be released; {len(refused)} of {len(passed)} gates did not pass. {told}"
        raise ReleaseRefused(msg)
    if asked.out.exists():
        msg = f"{asked.out} exists already; a release is never written over: choose another version or --out"
        raise ReleaseProblem(msg)
    job = _job(study, folder, evidence, asked)
    other = evidence.study.primary_comparator
    asked.progress.begin("Releasing", 3)
    temporary = asked.out.with_name(f".{asked.out.name}.{os.getpid()}.part")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        served, judgements, same = _served(job, evidence, name, temporary / MODELS, temporary)
        asked.progress.step(f"{served.label} predicts what was judged")
        beside = None if other == name else _served(job, evidence, other, temporary / BESIDE, temporary)[0]
        asked.progress.step("comparator")
        _write_parts(job, evidence, name, judgements, temporary)
        _copy(folder, asked, temporary)
        manifest = Manifest(
            name=study.name,
            version=asked.version,
            title=evidence.study.title,
            question=study.question,
            intended_use=study.intended_use,
            endpoint=study.endpoint.name,
            entry=TOML if (run / TOML).is_file() else study.origin or study.name,
            bedside_version=bedside.__version__,
            code_hash=evidence.provenance.code_hash,
            study_hash=evidence.provenance.study_hash,
            data_hash=evidence.provenance.data_hash,
            learner=served,
            beside=beside,
            rule=study.release_rule,
            gates=passed,
            equality=same,
            demonstration=asked.demonstration,
            change_plan=study.change_plan or ChangePlan(),
            regulation=study.regulation or Regulation(),
            created_at=datetime.now(UTC).replace(microsecond=0),
            expires_at=asked.expires_at,
            signer=signature.signer(asked.key) if asked.key is not None else "",
            files=files_of(temporary),
        )
        seal(manifest, temporary, asked.key)
        temporary.rename(asked.out)
    except OSError as error:
        raise explain(error, asked.out) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    asked.progress.step(str(asked.out))
    return manifest


def seal(manifest: Manifest, folder: Path, key: Path | None) -> None:
    """Write the manifest last, and its signature where there is a key; all on disk before anyone sees the folder."""
    content = to_json(manifest).encode()
    (folder / MANIFEST).write_bytes(content)
    if key is not None:
        (folder / SIGNATURE).write_bytes(signature.sign(key, content))
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def packages(study: Study[Any, Any, Any, Any]) -> tuple[str, ...]:
    """Whose classes a saved model of a study may name: ours, and those that its learners come from."""
    return tuple(dict.fromkeys(["bedside", *(type(one).__module__.partition(".")[0] for one in study.learners)]))


def to_json(part: Frozen) -> str:
    """The bytes of a part of a release."""
    return part.model_dump_json(indent=1) + "\n"


def files_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder but the manifest and its signature, by relative path."""
    return {
        path.relative_to(folder).as_posix(): hashes.sha256(path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).as_posix() not in (MANIFEST, SIGNATURE)
    }


def _as_run(study: Study[Any, Any, Any, Any], folder: RunFolder) -> tuple[Study[Any, Any, Any, Any], Evidence]:
    """The study with the run's number of trials, and the evidence, which must be of it and of the installed code."""
    if not folder.evidence.exists():
        msg = f"{folder.path} holds no finished run; run the study first, or run the same command again to resume it"
        raise RunMismatch(msg)
    evidence = Evidence.model_validate_json(folder.evidence.read_text("utf-8"))
    if evidence.study.name != study.name:
        msg = f"{folder.path} holds a run of {evidence.study.name!r}, not of {study.name!r}"
        raise RunMismatch(msg)
    study, stands = with_trials(study, evidence.study.trials), evidence.provenance
    for what, now, then in (
        ("code", hashes.code_hash(study), stands.code_hash),
        ("declaration", hashes.study_hash(study), stands.study_hash),
    ):
        if now != then:
            msg = (
                f"{folder.path} was made with another {what} of {study.name}; what is released is what was judged: run "
                "it again with what is installed now, or install what it was run with"
            )
            raise RunMismatch(msg)
    path = folder.predictions.relative_to(folder.path).as_posix()
    if not folder.predictions.exists() or hashes.sha256(folder.predictions.read_bytes()) != stands.files.get(path):
        msg = f"{folder.predictions} is missing or not the one that the evidence was made of; run the study again"
        raise RunMismatch(msg)
    return study, evidence


def _refuse_demonstration(evidence: Evidence, asked: Asked) -> None:
    """A demonstration is of simulated data."""
    if asked.demonstration and not evidence.study.simulated:
        msg = (
            f"{evidence.study.name} was run on real data, which are released by their gates and not as a demonstration"
        )
        raise ReleaseRefused(msg)


def _job(study: Study[Any, Any, Any, Any], folder: RunFolder, evidence: Evidence, asked: Asked) -> Job:
    """The run's cohort and splits again, from the same data."""
    state = read_json(folder.state)
    if not isinstance(state, dict):
        msg = f"{folder.state} is missing or damaged; run the study again"
        raise RunMismatch(msg)
    job = prepare(
        study,
        folder,
        root=data_root() if asked.root is None else asked.root,
        seed=evidence.provenance.seed,
        simulated=state.get("simulated"),
        progress=Silent(),  # what the audit says was said when the study ran, and stands in the evidence
        accept=asked.accept,
    )
    if job.data_hash != evidence.provenance.data_hash:
        msg = f"the data of {study.name} are not those that {folder.path} was run on; restore them, or run it again"
        raise RunMismatch(msg)
    return job


def _served(
    job: Job, evidence: Evidence, name: str, where: Path, folder: Path
) -> tuple[ServedLearner, list[Judgement[Any]], Any]:
    """Write the models of a learner as they will be served and prove that they predict what was judged."""
    study, division = job.study, job.divisions[0]
    learner = next(one for one in study.learners if one.name == name)
    declared = next(one for one in evidence.study.learners if one.name == name)
    exported: list[Exported] = []
    judgements: list[Judgement[Any]] = []
    places = []
    for number, split in enumerate(division.splits):
        fitted = job.folder.fit(division.validation.name, split.name, name) / MODEL
        if not fitted.is_dir():
            msg = f"the model of {name!r} for {split.name!r} is missing from {job.folder.path}; run the study again"
            raise ModelError(msg)
        place = where / f"{number:02d}"
        exported.append(export(learner.load(fitted), place))
        judgements.append(read(job.task(division.validation.name, split.name, name), study.endpoint, job.folder))
        places.append(place.relative_to(folder).as_posix())
    own = next((one for one in exported if one.form != "onnx"), None)
    same = equality.compared(
        [serve(folder / place, study.endpoint, lambda: learner, packages=packages(study)) for place in places],
        division,
        study.endpoint,
        job.folder.predictions,
        learner=name,
        arrays=[judgement.test for judgement in judgements],
    )
    served = ServedLearner(
        name=name,
        label=declared.label,
        description=declared.description,
        role=declared.role,
        form="onnx" if own is None else "own files",
        why="" if own is None else own.reason,
        members=tuple(places),
    )
    return served, judgements, same


def _write_parts(job: Job, evidence: Evidence, name: str, judgements: Sequence[Judgement[Any]], folder: Path) -> None:
    parts: Mapping[str, Frozen | None] = {
        BINDINGS: _bindings(job),
        THRESHOLDS: reference.thresholds(evidence, name),
        CALIBRATION: reference.calibration_table(job, judgements) or CalibrationTable(event="", groups=()),
        CONFORMAL: reference.conformal(job, evidence, name, judgements),
    }
    for path, part in parts.items():
        if part is not None:
            (folder / path).write_text(to_json(part), "utf-8")


def _bindings(job: Job) -> Bindings | None:
    """The study's bindings, which must name its predictors; None where it declares none."""
    bound = job.study.bindings
    if bound is None or not bound.predictors:
        return bound
    known = {variable.name for variable in job.study.modality.variables([job.drawn.samples[0].predictors])}
    named = {one.name for one in bound.predictors}
    if known != named:
        msg = (
            f"bindings of {job.study.name} do not fit its predictors: without a binding {sorted(known - named)}, no "
            f"predictors {sorted(named - known)}; bind each predictor once"
        )
        raise ReleaseProblem(msg)
    return bound


def _copy(run: RunFolder, asked: Asked, folder: Path) -> None:
    """What the run wrote and the release shows."""
    shutil.copyfile(run.evidence, folder / EVIDENCE)
    shutil.copyfile(asked.report, folder / REPORT)
    (folder / CARD).write_text(asked.card, "utf-8")
    for name in (PROFILE, TOML):
        if (run.path / name).is_file():
            shutil.copyfile(run.path / name, folder / name)
