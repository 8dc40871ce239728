"""The main job: a declared study becomes evidence."""

import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import bedside
from bedside.data.accepted import Accepted, accepting
from bedside.data.sample import Sample
from bedside.data.split import Validation
from bedside.endpoints.endpoint import Reference
from bedside.errors import RunMismatch, StudyError
from bedside.evidence.schema import Evidence, Finding, FlowStep
from bedside.study import between_sources, hashes, leakage, ledger, lineage, sensitivity
from bedside.study import plan as plans
from bedside.study.cohort import Drawn, draw, draw_external
from bedside.study.declare import Study
from bedside.study.explaining import Explaining, chosen
from bedside.study.fits import Task, fit_all
from bedside.study.folder import RunFolder, canonical, read_json
from bedside.study.job import Division, Job
from bedside.study.progress import Progress, Silent
from bedside.study.weighing import divided, weights_of_split
from bedside.study.write_up import write_up
from bedside.tasks.runner import Runner

R = TypeVar("R")
X = TypeVar("X")
Y = TypeVar("Y")
P = TypeVar("P")


def run(  # noqa: PLR0913 - what a person can ask of a run
    study: Study[R, X, Y, P],
    *,
    out: Path,
    root: Path | None = None,
    seed: int = 0,
    simulated: int | None = None,
    jobs: int | None = None,
    runner: Runner | None = None,
    progress: Progress | None = None,
    command: str = "",
    overwrite: bool = False,
    accept: Sequence[str] = (),
) -> Evidence:
    """Draw the cohort, fit every learner on every split, judge them once, write the evidence.

    A run that was interrupted resumes where it stopped; a finished run is returned as it stands.

    Args:
        study: What is asked.
        out: Folder of the run; made if need be.
        root: Where data files lie; `bedside.data.files.data_root()` when None.
        seed: Decides every random choice.
        simulated: Run on so many records of the synthetic twin instead of the real data.
        jobs: Fits at once; all processors when None. Changes no result.
        runner: Where fits run; in processes of this machine when None. Changes no result.
        progress: Is told of each step.
        command: What the person typed, for the report.
        overwrite: Replace a run of something else in the same folder.
        accept: SHA-256 hashes of files that are not the published ones and may stand for them.

    Raises:
        BedsideError: See `bedside.errors`; the folder then holds no half-written evidence.
    """
    from bedside.data.files import data_root  # noqa: PLC0415 - reads the environment when a run begins

    told = progress or Silent()
    folder = RunFolder(out)
    folder.prepare()
    lock = folder.lock()
    try:
        started = time.perf_counter()
        job = prepare(
            study,
            folder,
            root=data_root() if root is None else root,
            seed=seed,
            simulated=simulated,
            progress=told,
            command=command,
            accept=accept,
        )
        finished = _claim(job, overwrite=overwrite)
        if finished is not None:
            told.note(f"This run is already finished; {folder.evidence} stands as it was.")
            return finished
        lineage.write(study, job.divisions[0], folder)
        job.timings["prepare"] = time.perf_counter() - started
        started = time.perf_counter()
        cohorts = [next(d.samples for d in job.divisions if d.validation.name == task.validation) for task in job.tasks]
        fit_all(job.tasks, cohorts, study.endpoint, folder, jobs=jobs, runner=runner, progress=told)
        job.timings["fit"] = time.perf_counter() - started
        accesses = [
            ledger.Access(
                d.validation.name,
                hashes.split_hash(split, d.samples, study.source.name, study.endpoint),
                job.code_hash,
                _identity(job),
            )
            for d in job.divisions
            for split in d.splits
        ]
        counts = ledger.record(accesses)
        return write_up(job, counts, environment(), progress=told)
    finally:
        lock.release()


def prepare(
    study: Study[R, X, Y, P],
    folder: RunFolder,
    *,
    root: Path,
    seed: int,
    simulated: int | None,
    progress: Progress,
    command: str = "",
    accept: Sequence[str] = (),
) -> Job:
    """Everything before the first fit: cohort, splits, audit, tasks."""
    with accepting(accept) as used:
        job = _prepare(study, folder, root=root, seed=seed, simulated=simulated, progress=progress, command=command)
    for file in used:
        progress.note(f"Warning: {_not_published(file)}")
    told = tuple(
        Finding(kind="accepted_checksum", severity="warning", text=_not_published(file), count=1) for file in used
    )
    return replace(job, findings=(*job.findings, *told))


def _not_published(file: Accepted) -> str:
    return f"{file.path} is not the published file ({file.reason}) and was accepted by its SHA-256 {file.sha256}"


def _prepare(
    study: Study[R, X, Y, P],
    folder: RunFolder,
    *,
    root: Path,
    seed: int,
    simulated: int | None,
    progress: Progress,
    command: str,
) -> Job:
    names = [validation.name for validation in study.validations]
    if len(set(names)) != len(names):
        msg = f"study {study.name!r} declares two validations of one name: {names}"
        raise StudyError(msg)
    if not study.validations[0].judges_once:
        msg = f"the primary validation of {study.name!r} judges the same cases several times; put another one first"
        raise StudyError(msg)
    frozen = plans.compare(study, folder.path, seed=seed)
    progress.begin("Reading", 3)
    drawn = draw(study, root=root, simulated=simulated, seed=seed)
    _check_subgroups(study, drawn.samples)
    _check_measure(study, drawn.samples)
    progress.step(f"{len(drawn.samples)} samples")
    divisions = tuple(_divide(study, v, drawn, root=root, simulated=simulated, seed=seed) for v in study.validations)
    progress.step("divided by patient")
    found = leakage.findings(
        drawn.samples,
        divisions[0].digests[: len(drawn.samples)],
        study.modality,
        study.endpoint,
        [(d.validation.name, split, d.samples, d.digests) for d in divisions for split in d.splits],
    )
    found += between_sources.findings(divisions, study)
    found += lineage.findings(study, divisions)
    for finding in found:
        if finding.severity != "info":
            progress.note(f"{finding.severity.capitalize()}: {finding.text}")
    progress.step("audited")
    every = {case for division in divisions for case in division.cases}
    every |= {case for division in divisions for case in hashes.censored_hashes(division.censored)}
    unlabelled = sensitivity.chosen(drawn.unlabelled, divisions[0].validation, seed)
    every |= set(study.modality.digest([case.unlabelled for case in unlabelled])) if unlabelled else set()
    every |= lineage.unlabelled(study)
    data, declared, code = hashes.data_hash(list(every)), hashes.study_hash(study), hashes.code_hash(study)
    return Job(
        study=study,
        folder=folder,
        drawn=drawn,
        divisions=divisions,
        tasks=_tasks(
            study, divisions, [case.unlabelled for case in unlabelled], [data, declared, code, str(seed)], seed
        ),
        plan=frozen,
        findings=tuple(found),
        seed=seed,
        simulated=simulated,
        command=command,
        data_hash=data,
        study_hash=declared,
        code_hash=code,
    )


def environment() -> dict[str, str]:
    """Versions and machine, outside the promise of byte equality."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "bedside": bedside.__version__,
        "executable": "frozen" if getattr(sys, "frozen", False) else "python",
        **hashes.library_versions(),
    }


def _divide(
    study: Study[R, X, Y, P],
    validation: Validation,
    drawn: Drawn[X, Y],
    *,
    root: Path,
    simulated: int | None,
    seed: int,
) -> Division:
    samples, censored = drawn.samples, drawn.censored
    flow: tuple[FlowStep, ...] = ()
    if validation.source is not None:
        outside = draw_external(
            study,
            validation.source,
            same_identifiers=validation.same_identifiers,
            root=root,
            simulated=simulated,
            seed=seed,
        )
        samples, censored, flow = samples + outside.samples, censored + outside.censored, outside.flow
    digests = tuple(study.modality.digest([sample.predictors for sample in samples]))
    splits, places = divided(validation, samples, censored, study.endpoint.stratum, seed)
    weights = (
        tuple(
            weights_of_split(split, away, samples, censored, study.weighing, elsewhere=validation.source is not None)
            for split, away in zip(splits, places, strict=True)
        )
        if study.weighing is not None
        else ()
    )
    return Division(
        validation=validation,
        splits=splits,
        samples=samples,
        digests=digests,
        cases=hashes.case_hashes(samples, digests, study.endpoint, study.modality.beside),
        external_flow=flow,
        censored=censored,
        weights=weights,
    )


def _tasks(
    study: Study[R, X, Y, P], divisions: Sequence[Division], unlabelled: Sequence[X], inputs: Sequence[str], seed: int
) -> tuple[Task[X, Y, P], ...]:
    tasks = []
    for division in divisions:
        first = [split.name for split in division.splits if split.repeat == 0]
        for number, split in enumerate(division.splits):
            weights = division.weights[number] if division.weights else None
            for learner in study.learners:
                name = [division.validation.name, split.name, learner.name]
                places = hashes.positions_hash(split, division.cases)
                stands = [hashes.sha256(weights.content)] if weights is not None else []
                key = hashes.sha256(canonical([*inputs, *name, places, *stands]).encode())
                own = int(hashes.sha256(canonical([seed, *name[:2]]).encode())[:8], 16) % (2**31)
                examined = division is divisions[0] and split.repeat == 0
                closely = examined and learner.name not in study.judged_only
                modality = study.modality if closely else None
                explaining = None
                if closely and study.explainers:
                    cases = chosen(split.test, len(first), own)
                    explaining = Explaining(study.explainers, cases, tests=split.name == first[0])
                further = unlabelled if examined else ()
                task = Task(division.validation.name, split, learner, key, own, modality, explaining, further, weights)
                tasks.append(task)
    return tuple(tasks)


def _check_subgroups(study: Study[R, X, Y, P], samples: Sequence[Sample[X, Y]]) -> None:
    known = {name for sample in samples for name in sample.attributes}
    missing = [name for name in study.subgroups if name not in known]
    if missing:
        msg = f"no sample has the subgroup attribute {missing[0]!r}; samples have {sorted(known) or 'no attributes'}"
        raise StudyError(msg)


def _check_measure(study: Study[R, X, Y, P], samples: Sequence[Sample[X, Y]]) -> None:
    """The primary measure exists and has a direction; asked of predictions that know nothing."""
    outcomes = [sample.outcome for sample in samples]
    flat = study.endpoint.target.uninformed(outcomes)
    known = study.endpoint.measures(Reference(outcomes, outcomes, flat))
    names = [measure.name for measure in known if measure.higher_is_better is not None]
    asked = study.primary_measure or study.endpoint.primary
    if asked not in names:
        msg = f"the primary measure {asked!r} of {study.name!r} is none of {', '.join(names)}"
        raise StudyError(msg)


def _identity(job: Job) -> str:
    return hashes.sha256(canonical([str(job.folder.path.resolve()), job.data_hash, job.study_hash, job.seed]).encode())


def _claim(job: Job, *, overwrite: bool) -> Evidence | None:
    """Make the folder this run's own; returns its evidence when the run is finished already.

    Raises:
        RunMismatch: The folder holds a run of something else, or evidence made by another version of the code.
    """
    mine = {
        "study": job.study.name,
        "seed": job.seed,
        "simulated": job.simulated,
        "data_hash": job.data_hash,
        "study_hash": job.study_hash,
        "code_hash": job.code_hash,
    }
    found = read_json(job.folder.state)
    finished = job.folder.evidence.exists()
    same = isinstance(found, dict) and all(found.get(name) == value for name, value in mine.items())
    if same and finished:
        return Evidence.model_validate_json(job.folder.evidence.read_text("utf-8"))
    if not same and not overwrite and (finished or isinstance(found, dict)):
        known = found if isinstance(found, dict) else {}
        other = [name.replace("_", " ") for name, value in mine.items() if known.get(name) != value]
        if finished or other != ["code hash"]:
            msg = (
                f"{job.folder.path} holds a run with another {other[0]}; choose another folder with --out, or replace "
                "that run with --overwrite"
            )
            raise RunMismatch(msg)
    job.folder.evidence.unlink(missing_ok=True)
    job.folder.write(job.folder.state, canonical({**mine, "origin": job.study.origin}) + "\n")
    return None
