"""A reader study judged: readers against the reference standard, each other, the model, and themselves when aided."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import bedside
from bedside.data.readings import ReadingTable
from bedside.errors import RunMismatch, StudyError, TableProblem
from bedside.evidence import schema
from bedside.evidence.readers import ReaderEvidence, ReaderProvenance
from bedside.study import multi_reader
from bedside.study.folder import RunFolder, canonical
from bedside.study.hashes import sha256
from bedside.study.judges import NO_CALLS, Judge, Setting, contrasts, performance
from bedside.study.model_readings import ModelReadings
from bedside.study.reader_agreement import agreement
from bedside.study.reader_conduct import (
    BARRED,
    NO_UNAIDED,
    Conduct,
    adjusted,
    check_names,
    design_limits,
    refusal_of,
    unaided_arm,
)
from bedside.study.reader_words import methods, verdict
from bedside.study.write_up import to_json
from bedside.types import Floats

REPLICATES = 2000
PANEL = "panel"
FEW_CASES = 20
FILE = "readers.json"


def judge_readings(
    readings: ReadingTable,
    model: ModelReadings | None = None,
    *,
    conduct: Conduct | None = None,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> ReaderEvidence:
    """Judge a reader study.

    Readers are compared with the model in the unaided arm ("without", or the only arm). The panel is the mean rating,
    and the majority of calls, a tie being positive. What cannot be estimated says why, readers who read different
    cases among it.

    Args:
        readings: With the reference standard.
        model: Predictions of the same cases; None leaves the model out.
        conduct: What the readings do not tell.
        seed: Of the bootstrap by patient.
        replicates: Of the same.

    Raises:
        TableProblem: The model has no prediction of some case that was read.
        StudyError: The conduct names a reader or measure that is not there.
    """
    conduct = conduct or Conduct()
    _check(readings, conduct)
    setting = Setting(readings.positive, readings.patient, replicates, seed)
    refusal = refusal_of(readings, conduct)
    by_arm = [_readers(readings, arm, conduct) for arm in range(len(readings.arms))]
    judged = [[judge for judge in each if not judge.barred] for each in by_arm]
    beside = unaided_arm(readings.arms)
    rival = None if model is None else _model(readings, model, "" if beside is None else readings.arms[beside])
    analyses, rows = multi_reader.arms(judged, setting, refusal) if judged[0] else ([], [])
    panels = [panel for each in judged if (panel := _panel(each)) is not None]
    everyone = [judge for each in by_arm for judge in each] + panels + ([rival] if rival else [])
    if rival is not None and beside is not None and judged[0]:
        alone = refusal or ("several models, one a fold, stand for the model" if rival.folds else "")
        rows += multi_reader.against_average(rival, judged[beside], setting, alone)
        for other in (*[panel for panel in panels if panel.arm == rival.arm], *by_arm[beside]):
            rows += contrasts(rival, other, setting)
    for one, other in zip(by_arm[0], by_arm[1], strict=True) if len(by_arm) == 2 else ():
        rows += contrasts(one, other, setting)
    rows = adjusted(rows, conduct.primary)
    found = [row for judge in everyone for row in performance(judge, setting)]
    agreed = _agreement(readings, by_arm, rival, setting)
    return ReaderEvidence(
        title=conduct.title,
        verdict=verdict(rows, agreed, readings),
        scale=readings.scale.words,
        reference=conduct.reference,
        readers=readings.readers,
        arms=readings.arms,
        model=None if model is None else model.name,
        cases=len(readings.cases),
        patients=int(readings.patient.max()) + 1,
        positives=int(readings.positive.sum()),
        crossed=not readings.not_crossed,
        limits=_limits(readings, conduct, model, beside),
        performance=tuple(found),
        contrasts=tuple(rows),
        agreement=tuple(agreed),
        multi_reader=tuple(analyses),
        methods=methods(readings, model, primary=conduct.primary, replicates=replicates, crossed=not refusal),
        provenance=_provenance(readings, model, seed, replicates),
    )


def _check(readings: ReadingTable, conduct: Conduct) -> None:
    check_names(readings.readers, conduct)
    allowed = ("auroc", "sensitivity", "specificity", "accuracy", "f1")
    if conduct.primary and conduct.primary not in allowed:
        msg = f"primary measure is {conduct.primary!r}; give one of {', '.join(allowed)}"
        raise StudyError(msg)


def _readers(readings: ReadingTable, arm: int, conduct: Conduct) -> list[Judge]:
    nothing: Floats = np.full(len(readings.cases), np.nan)
    return [
        Judge(
            name=name,
            kind="reader",
            arm=readings.arms[arm],
            score=row if readings.scale.graded else nothing,
            call=readings.scale.call(row),
            barred=BARRED if name in conduct.made_reference else "",
        )
        for name, row in zip(readings.readers, readings.values[arm], strict=True)
    ]


def _panel(judges: Sequence[Judge]) -> Judge | None:
    """The mean rating and the majority of calls on cases that all of at least two readers read."""
    if len(judges) < 2:
        return None
    calls, scores = np.stack([judge.call for judge in judges]), np.stack([judge.score for judge in judges])
    majority = np.where(np.isnan(calls).any(axis=0), np.nan, (2 * calls.sum(axis=0) >= len(judges)).astype(np.float64))
    panel = Judge(PANEL, "panel", judges[0].arm, scores.mean(axis=0), majority)
    return panel if panel.read.any() else None


def _model(readings: ReadingTable, model: ModelReadings, arm: str) -> Judge:
    absent = sum(case not in model.cases for case in readings.cases)
    if absent:
        msg = (
            f"the model has no prediction of {absent} of {len(readings.cases)} cases that were read; give them, or "
            "leave out their readings (are the identifiers written alike?)"
        )
        raise TableProblem(msg)
    score, call = (np.array([given.get(c, np.nan) for c in readings.cases]) for given in (model.score, model.call))
    return Judge(model.name, "model", arm, score, call, folds=model.folds)


def _agreement(
    readings: ReadingTable, by_arm: Sequence[Sequence[Judge]], rival: Judge | None, setting: Setting
) -> list[schema.Agreement]:
    several = len(by_arm) > 1
    rows = []
    for each in by_arm:
        beside = rival if rival is not None and each[0].arm == rival.arm else None
        for row in agreement(each, beside, setting, readings.scale):
            second = row.second if row.second in {"reference", "each other"} else f"{row.second} ({each[0].arm})"
            named = {"first": f"{row.first} ({each[0].arm})", "second": second}
            rows.append(row.model_copy(update=named) if several else row)
    return rows


def _limits(
    readings: ReadingTable, conduct: Conduct, model: ModelReadings | None, beside: int | None
) -> tuple[str, ...]:
    found = design_limits(readings, conduct)
    told = {"sensitivity": int(readings.positive.sum()), "specificity": int((~readings.positive).sum())}
    for measure, count in told.items():
        if count < FEW_CASES:
            found.append(f"Only {count} cases tell of {measure}, which is uncertain.")
    if readings.scale.threshold is None:
        found.append(f"{NO_CALLS[0].upper()}{NO_CALLS[1:]}: no sensitivity, specificity or kappa of calls.")
    if model is not None and beside is None:
        found.append(NO_UNAIDED)
    if model is not None and readings.scale.graded and not model.score and not model.folds:
        found.append("The model only made calls, so that its ranking was not compared.")
    if model is not None:
        found += model.notes
        found += _other_truth(readings, model)
    return tuple(found)


def _other_truth(readings: ReadingTable, model: ModelReadings) -> list[str]:
    if model.reference is None:
        return []
    truth = model.reference.positive
    apart = sum(truth[c] != bool(p) for c, p in zip(readings.cases, readings.positive, strict=True) if c in truth)
    return [f"The reference standard differs from the outcome in the model's run in {apart} cases."] if apart else []


def _provenance(readings: ReadingTable, model: ModelReadings | None, seed: int, replicates: int) -> ReaderProvenance:
    laid_out = [
        [readings.arms, readings.readers, readings.cases, readings.scale.words],
        [None if np.isnan(value) else value for value in readings.values.ravel().tolist()],
        [readings.positive.tolist(), readings.patient.tolist()],
    ]
    said = None if model is None else canonical([sorted(model.score.items()), sorted(model.call.items())])
    return ReaderProvenance(
        bedside_version=bedside.__version__,
        seed=seed,
        replicates=replicates,
        readings_hash=sha256(canonical(laid_out).encode()),
        predictions_hash=None if said is None else sha256(said.encode()),
        run_data_hash=None if model is None or model.run is None else model.run[0],
        run_code_hash=None if model is None or model.run is None else model.run[1],
    )


def write_evidence(found: ReaderEvidence, folder: Path) -> Path:
    """Write readers.json into a folder, whole or not at all, and return its path."""
    run = RunFolder(folder)
    text = json.dumps(found.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    run.write(folder / FILE, text)
    return folder / FILE


def add_to_run(found: ReaderEvidence, folder: Path) -> Path:
    """Write readers.json into a run's folder and put its agreement into evidence.json; returns the path of the former.

    evidence.json is replaced in one step; rows of an earlier reader study are replaced, nothing else changes, and
    `provenance.files` names readers.json with its hash, so that a reader sees where the rows came from.

    Raises:
        RunMismatch: The folder holds no finished run, or one of other data or code than were judged.
        RunLocked: A run is working in the folder.
    """
    run = RunFolder(folder)
    if not run.evidence.is_file():
        msg = f"{folder} holds no finished run; give the folder of one, or write elsewhere with --out"
        raise RunMismatch(msg)
    lock = run.lock()
    try:
        evidence = schema.Evidence.model_validate_json(run.evidence.read_text("utf-8"))
        behind = (found.provenance.run_data_hash, found.provenance.run_code_hash)
        if behind != (evidence.provenance.data_hash, evidence.provenance.code_hash):
            msg = f"the readers were not judged beside the run in {folder}; judge them with --run {folder}"
            raise RunMismatch(msg)
        path = write_evidence(found, folder)
        files = {**evidence.provenance.files, FILE: sha256(path.read_bytes())}
        provenance = evidence.provenance.model_copy(update={"files": files})
        amended = evidence.model_copy(update={"agreement": found.agreement, "provenance": provenance})
        run.write(run.evidence, to_json(amended))
    finally:
        lock.release()
    return path
