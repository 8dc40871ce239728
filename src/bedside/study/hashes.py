"""What a run stands on, as hashes: data, declaration and code."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import bedside
from bedside.data.sample import Censored, Sample
from bedside.data.split import Split
from bedside.endpoints.columns import bytes_of
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.target import outcome_words
from bedside.study.declare import Study
from bedside.study.folder import canonical

LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "scikit-image", "lightgbm", "polars", "pint", "optuna")
"""Whose versions can change a result, so that a fit is not reused across them."""


NOT_IN_RESULTS = frozenset({"cli", "report", "serve", "applications"})
"""Folders of the package that can change no result; a study's own folder is hashed besides."""


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def case_hashes(
    samples: Sequence[Sample[Any, Any]],
    digests: Sequence[bytes],
    endpoint: Endpoint[Any, Any],
    beside: Callable[[Any], bytes] | None = None,
) -> tuple[bytes, ...]:
    """One hash a sample over patient, index time, predictors, what travels beside them, and outcome."""
    outcomes = bytes_of(endpoint.outcome_cells, [sample.outcome for sample in samples])
    hashed = []
    for k, (sample, digest) in enumerate(zip(samples, digests, strict=True)):
        parts = [str(sample.patient), str(sample.index_time), canonical(dict(sample.attributes))]
        if sample.watched is not None:
            parts.append(f"{sample.watched.days!r} {int(sample.watched.ending)}")
        told = b"" if beside is None else hashlib.sha256(beside(sample.predictors)).digest()
        hashed.append(hashlib.sha256("\x1f".join(parts).encode() + digest + told + outcomes[k]).digest())
    return tuple(hashed)


def censored_hashes(censored: Sequence[Censored]) -> tuple[bytes, ...]:
    """One hash a censored case over patient, index time and how long it was watched."""
    parts = [
        (str(one.patient), str(one.index_time), canonical(dict(one.attributes)), repr(one.days)) for one in censored
    ]
    return tuple(hashlib.sha256("\x1f".join(("censored", *each)).encode()).digest() for each in parts)


def data_hash(cases: Sequence[bytes]) -> str:
    """Hash of a set of cases, whatever their order."""
    return sha256(b"".join(sorted(cases)))


def split_hash(split: Split, samples: Sequence[Sample[Any, Any]], source: str, endpoint: Endpoint[Any, Any]) -> str:
    """Hash of who is judged in one split, whatever is known of them: another set of predictors is the same test."""
    judged = [samples[k] for k in split.test.tolist()]
    outcomes = bytes_of(endpoint.outcome_cells, [sample.outcome for sample in judged])
    return data_hash(
        [
            hashlib.sha256(f"{source}\x1f{one.key}\x1f{one.index_time}".encode() + row).digest()
            for one, row in zip(judged, outcomes, strict=True)
        ]
    )


def positions_hash(split: Split, cases: Sequence[bytes]) -> str:
    """Hash of a split as stored predictions see it: which case stands at which position."""
    digest = hashlib.sha256()
    for positions in (split.development, split.selection, split.calibration, split.test):
        digest.update(b"|" + b"".join(cases[k] for k in positions.tolist()))
    for fold in split.folds:
        digest.update(b"|" + fold.fit.astype("<i8").tobytes() + b"|" + fold.held_out.astype("<i8").tobytes())
    return digest.hexdigest()


def folder_hash(folder: Path) -> str:
    """Hash of a study's own folder: its code and its card, without its tests."""
    digest = hashlib.sha256()
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("card.md")]):
        if not path.name.startswith("test_"):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def declaration(study: Study[Any, Any, Any, Any]) -> dict[str, Any]:
    """What a study declares, as plain JSON: the part of it that an analysis plan freezes."""
    declared = {
        "name": study.name,
        "question": study.question,
        "source": study.source.name,
        "cohort": [study.cohort.eligibility, study.cohort.outcome, study.cohort.horizon],
        "endpoint": study.endpoint.name,
        "model": study.model.name,
        "learners": {learner.name: learner.description for learner in study.learners},
        "validations": [{"name": v.name, **_settings(v)} for v in study.validations],
        "subgroups": list(study.subgroups),
        "minimum_group": study.minimum_group,
        "smallest_cell": study.smallest_cell,
        "show_cases": study.show_cases,
        "primary_measure": study.primary_measure or study.endpoint.primary,
        "primary_comparator": study.primary_comparator or study.comparators[0].name,
        "margin": study.margin,
        "group_margin": study.group_margin,
        "release_rule": study.release_rule,
        "trials": study.trials,
        "bootstrap": study.bootstrap,
        "rule": study.endpoint.rule,
        "classes": list(outcome_words(study.endpoint.target)),
        "fixed": dict(study.endpoint.declared),
        "own_code": folder_hash(study.folder) if study.folder is not None else "",
        "fingerprint": study.fingerprint,
        "explainers": [explainer.name for explainer in study.explainers],
    }
    if study.weighing is not None:
        declared["weighing"] = {"largest": study.weighing.largest}
    if study.judged_only:
        declared["judged_only"] = list(study.judged_only)
    if study.gates:
        declared["gates"] = [{"gate": type(gate).__name__, **_fields(gate)} for gate in study.gates]
    plain: dict[str, Any] = json.loads(canonical(declared))
    return plain


def study_hash(study: Study[Any, Any, Any, Any]) -> str:
    """Hash of the declaration."""
    return sha256(canonical(declaration(study)).encode())


def code_hash(study: Study[Any, Any, Any, Any]) -> str:
    """Hash of the code that can change a result: the floors up to the spine, the study's folder, the libraries."""
    digest = hashlib.sha256()
    package = Path(bedside.__file__).parent
    folders = [package] if study.folder is None else [package, study.folder]
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if folder is package and path.relative_to(folder).parts[0] in NOT_IN_RESULTS:
                continue
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    digest.update(canonical(library_versions()).encode())
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """Versions of the libraries that can change a result."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def _fields(gate: object) -> dict[str, object]:
    return dataclasses.asdict(gate) if dataclasses.is_dataclass(gate) and not isinstance(gate, type) else {}


def _settings(validation: object) -> Mapping[str, object]:
    if not dataclasses.is_dataclass(validation):
        return {}
    found = {field.name: getattr(validation, field.name) for field in dataclasses.fields(validation)}
    plain = {k: v for k, v in found.items() if isinstance(v, str | int | float | bool | tuple)}
    source = found.get("source")
    return {**plain, "source": source.name} if source is not None else plain
