"""A release, opened: verified, held to the code that is installed, and ready to answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from bedside.errors import ReleaseProblem, StudyError
from bedside.evidence.figure import Frozen
from bedside.evidence.release import Bindings, CalibrationTable, Conformal, Manifest, State, Thresholds
from bedside.evidence.schema import Evidence
from bedside.serve.answer import Answer, Outcome
from bedside.serve.fitness import Development
from bedside.serve.sealed import verified
from bedside.serve.wording import Wording
from bedside.study import hashes
from bedside.study.declare import Study
from bedside.study.folder import read_json
from bedside.study.release import (
    BINDINGS,
    CALIBRATION,
    CONFORMAL,
    EVIDENCE,
    PROFILE,
    THRESHOLDS,
    TOML,
    packages,
)
from bedside.study.trials import with_trials
from bedside.training.export import serve
from bedside.training.learner import Fitted
from bedside.types import Json

F = TypeVar("F", bound=Frozen)

Resolve = Callable[[str], Study[Any, Any, Any, Any]]
"""From how a study is found to the study; `bedside.cli.resolve.resolve`."""

FAILED = "the model failed on this case; nothing can be said of it"
"""All that is told of a crash: what a library says may hold a patient's values."""


@dataclass(frozen=True)
class Release:
    """A verified release.

    Attributes:
        manifest: Who it is.
        evidence: What is known of it.
        bindings: Where a record holds its predictors; without predictors where the study declares none.
        thresholds, calibration, conformal: What was fixed and observed in judged cases.
        profile: What development looked like; None where the modality has none.
        study: The installed study that it was made of.
        members: The models that were judged, one a split.
        beside: Those of the primary comparator; none where that is what is served.
        standing: Tells the state that the registry has it in.
    """

    manifest: Manifest
    evidence: Evidence
    bindings: Bindings
    thresholds: Thresholds
    calibration: CalibrationTable
    conformal: Conformal
    profile: Json
    study: Study[Any, Any, Any, Any]
    members: tuple[Fitted[Any, Any], ...]
    beside: tuple[Fitted[Any, Any], ...]
    standing: Callable[[], State]

    @property
    def state(self) -> State:
        """Where it stands now; withdrawn once it has expired."""
        expires = self.manifest.expires_at
        return State.WITHDRAWN if expires is not None and expires <= datetime.now(UTC) else self.standing()

    def predict(self, predictors: Sequence[Any]) -> list[Any]:
        """One prediction a case, in order: the endpoint's pool over the models of all splits."""
        return self.study.endpoint.pool([member.predict(predictors) for member in self.members])

    def predict_beside(self, predictors: Sequence[Any]) -> list[Any]:
        """What the primary comparator predicts; nothing where that is what is served."""
        return self.study.endpoint.pool([member.predict(predictors) for member in self.beside]) if self.beside else []

    def answer(self, records: Sequence[Any]) -> list[Answer]:
        """An answer a record, in their order; one that makes the model fail spoils no other."""
        wording = self._wording
        try:
            return wording.answers(records)
        except Exception:  # noqa: BLE001 - whatever a model does, the caller is told that it failed
            return [self._alone(wording, record) for record in records]

    @cached_property
    def _wording(self) -> Wording:
        beside = self.manifest.beside
        return Wording(
            endpoint=self.study.endpoint,
            members=self.members,
            beside=self.beside,
            label=beside.label if beside is not None else "",
            calibration=self.calibration,
            conformal=self.conformal,
            threshold=self.thresholds.served.get("threshold"),
            development=Development.of(self.profile, self.evidence, self.manifest.learner.name),
        )

    def _alone(self, wording: Wording, record: Any) -> Answer:  # noqa: ANN401 - whatever the modality has
        try:
            return wording.answers([record])[0]
        except Exception:  # noqa: BLE001 - whatever a model does, the caller is told that it failed
            return Answer(Outcome.FAILED, why=FAILED)


def open_release(
    folder: Path,
    resolve: Resolve,
    *,
    keys: Sequence[str] = (),
    standing: Callable[[], State] | None = None,
) -> Release:
    """Verify a release and load its models.

    Args:
        folder: Of the release.
        resolve: Finds the installed study by the entry that the manifest names.
        keys: Public keys of those who may sign; with any, an unsigned release is refused.
        standing: Tells its state, from a registry. Without one a release is a candidate, or a demonstration.

    Raises:
        ReleaseProblem: It is altered, incomplete, newer, of other code than is installed, or its study is not there.
        ModelError: A model in it cannot be read.
    """
    manifest = verified(folder, keys=keys)
    evidence = _part(folder, EVIDENCE, Evidence)
    study = _study(folder, manifest, resolve, evidence.study.trials)
    outside = State.DEMONSTRATION if manifest.demonstration else State.CANDIDATE
    learners = {learner.name: learner for learner in study.learners}
    told = packages(study)

    def members(places: Sequence[str], name: str) -> tuple[Fitted[Any, Any], ...]:
        return tuple(serve(folder / place, study.endpoint, lambda: learners[name], packages=told) for place in places)

    return Release(
        manifest=manifest,
        evidence=evidence,
        bindings=_part(folder, BINDINGS, Bindings) if BINDINGS in manifest.files else Bindings(),
        thresholds=_part(folder, THRESHOLDS, Thresholds),
        calibration=_part(folder, CALIBRATION, CalibrationTable),
        conformal=_part(folder, CONFORMAL, Conformal),
        profile=read_json(folder / PROFILE) if PROFILE in manifest.files else None,  # type: ignore[arg-type]
        study=study,
        members=members(manifest.learner.members, manifest.learner.name),
        beside=members(manifest.beside.members, manifest.beside.name) if manifest.beside is not None else (),
        standing=standing or (lambda: outside),
    )


def _study(folder: Path, manifest: Manifest, resolve: Resolve, trials: int) -> Study[Any, Any, Any, Any]:
    """The installed study with the run's number of trials, which must be the code that was judged."""
    entry = str(folder / TOML) if manifest.entry == TOML else manifest.entry
    try:
        study = with_trials(resolve(entry), trials)
    except StudyError as error:
        msg = f"the release {manifest.label} is of the study {manifest.entry!r}, which is not installed here: {error}"
        raise ReleaseProblem(msg) from error
    for what, now, then in (
        ("code", hashes.code_hash(study), manifest.code_hash),
        ("declaration", hashes.study_hash(study), manifest.study_hash),
    ):
        if now != then:
            msg = (
                f"the release {manifest.label} was made with another {what} (bedside {manifest.bedside_version}) than "
                "is installed; install that version with its libraries, or run and release the study again"
            )
            raise ReleaseProblem(msg)
    return study


def _part(folder: Path, name: str, kind: type[F]) -> F:
    try:
        return kind.model_validate_json((folder / name).read_bytes())
    except (OSError, ValueError) as error:
        msg = f"{folder / name} cannot be read as what it should be; release the run again"
        raise ReleaseProblem(msg) from error
