"""What the models of a run have learned from, kept with it, and the audit of models that begin from another run's."""

import hashlib
from collections.abc import Sequence
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bedside.errors import StudyError
from bedside.evidence.schema import Finding, LoadedWeights
from bedside.modalities.modality import Modality
from bedside.study.declare import Study
from bedside.study.folder import RunFolder
from bedside.study.job import Division
from bedside.study.leakage import nearness
from bedside.training.elsewhere import Elsewhere, HasSeen

_BYTES = 32


def contents(modality: Modality[Any], digests: Sequence[bytes]) -> list[bytes]:
    """A hash of each case's predictors that is the same in every study of the modality."""
    return [hashlib.sha256(modality.name.encode() + b"\0" + digest).digest() for digest in digests]


def elsewhere(study: Study[Any, Any, Any, Any]) -> dict[str, Elsewhere]:
    """What learners have seen besides this study's development, by name of the learner."""
    found = {learner.name: learner.elsewhere for learner in study.learners if isinstance(learner, HasSeen)}
    return {name: seen for name, seen in found.items() if seen is not None}


def loaded(study: Study[Any, Any, Any, Any]) -> tuple[LoadedWeights, ...]:
    """The weights that learners begin from, where they come from a file."""
    return tuple(
        LoadedWeights(learner=name, origin=seen.words, sha256=seen.sha256)
        for name, seen in elsewhere(study).items()
        if seen.sha256
    )


def findings(study: Study[Any, Any, Any, Any], divisions: Sequence[Division]) -> list[Finding]:
    """Whether a judged case was learned from elsewhere, for each learner and validation.

    Raises:
        StudyError: A learner would learn from judged cases, be it without their outcomes.
    """
    found = []
    for name, seen in elsewhere(study).items():
        _refuse_judged(study, name, seen, divisions)
        label = next(learner.label for learner in study.learners if learner.name == name)
        if seen.predictors:
            found += _nearly_judged(label, seen, study.modality, divisions)
        else:
            found += [_finding(label, seen, study.modality, division) for division in divisions]
    return found


def unlabelled(study: Study[Any, Any, Any, Any]) -> set[bytes]:
    """Content of the cases that learners learn from without outcomes, for the hash of a run's data."""
    return {
        digest
        for seen in elsewhere(study).values()
        if seen.predictors
        for digest in study.modality.digest(seen.predictors)
    }


def write(study: Study[Any, Any, Any, Any], primary: Division, folder: RunFolder) -> None:
    """Keep the hashes of what the primary validation's models learn from, and of what these have seen elsewhere."""
    cases = contents(study.modality, primary.digests)
    learned = np.zeros((len(primary.splits), len(cases)), dtype=bool)
    for row, split in enumerate(primary.splits):
        learned[row, np.concatenate([split.development, split.selection, split.calibration])] = True
    arrays: dict[str, Any] = {
        "cases": _stacked(cases),
        "splits": np.array([split.name for split in primary.splits]),
        "learned": learned,
    }
    for name, seen in elsewhere(study).items():
        if seen.contents is None:
            arrays[f"unknown/{name}"] = np.ones(1, dtype=bool)
            continue
        further = set(contents(study.modality, study.modality.digest(seen.predictors))) if seen.predictors else set()
        arrays[f"elsewhere/{name}"] = _stacked(sorted(seen.contents | further))

    def save(path: Any) -> None:  # noqa: ANN401 - a path
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    folder.write_with(folder.learned, save)


def read(folder: RunFolder, split: str, learner: str) -> frozenset[bytes] | None:
    """Hashes of all that one fit of a run has learned from; None where the run cannot tell."""
    try:
        with folder.learned.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            names = [str(name) for name in stored["splits"]]
            if split not in names or f"unknown/{learner}" in stored:
                return None
            own = stored["cases"][stored["learned"][names.index(split)]]
            further = f"elsewhere/{learner}"
            rows = np.concatenate([own, stored[further]]) if further in stored else own
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return frozenset(row.tobytes() for row in rows)


def _stacked(hashes: Sequence[bytes]) -> "np.typing.NDArray[np.uint8]":
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, _BYTES)


def _refuse_judged(study: Study[Any, Any, Any, Any], name: str, seen: Elsewhere, divisions: Sequence[Division]) -> None:
    if not seen.predictors:
        return
    offered = set(study.modality.digest(seen.predictors))
    judged = {division.digests[k] for division in divisions for split in division.splits for k in split.test.tolist()}
    both = len(offered & judged)
    if both:
        msg = (
            f"{name} was to learn without outcomes from {len(offered)} declared cases, of which {both} are judged in "
            f"{study.name}; judged cases are never learned from: leave them out (development cases are used without "
            "being declared)"
        )
        raise StudyError(msg)


def _nearly_judged(
    label: str, seen: Elsewhere, modality: Modality[Any], divisions: Sequence[Division]
) -> list[Finding]:
    """Judged cases that nearly equal a declared one: near is a matter of degree, so that it is said and not refused."""
    found = []
    learned = np.arange(len(seen.predictors))
    for division in divisions:
        judged = sorted({k for split in division.splits for k in split.test.tolist()})
        cases = [*seen.predictors, *(division.samples[k].predictors for k in judged)]
        count = nearness(modality, cases)(learned, len(learned) + np.arange(len(judged)))
        if count:
            text = (
                f"{division.validation.name}: {label} learns without outcomes from declared cases, and {count} of the "
                f"{len(judged)} judged cases nearly equal one of these: its results may be too good"
            )
            found.append(Finding(kind="near_copies_elsewhere", severity="warning", text=text, count=count))
    return found


def _finding(label: str, seen: Elsewhere, modality: Modality[Any], division: Division) -> Finding:
    validation = division.validation.name
    judged = sorted({k for split in division.splits for k in split.test.tolist()})
    if seen.contents is None:
        text = (
            f"{validation}: {label} begins from {seen.words}; whether judged cases were among them cannot be known, "
            "so its results may be too good"
        )
        return Finding(kind="begun_elsewhere", severity="warning", text=text)
    count = sum(one in seen.contents for one in contents(modality, [division.digests[k] for k in judged]))
    if count:
        text = (
            f"{validation}: {label} begins from {seen.words}, which learned from {count} of the {len(judged)} judged "
            "cases: its results are too good"
        )
        return Finding(kind="begun_elsewhere", severity="serious", text=text, count=count)
    text = (
        f"{validation}: {label} begins from {seen.words}; none of the {len(seen.contents)} cases that were learned "
        "from there is judged here"
    )
    return Finding(kind="begun_elsewhere", severity="info", text=text)
