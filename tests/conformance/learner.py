"""What every learner must do. A new family calls `check_learner` with some samples and adds what is its own."""

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conformance.cells import assert_equal, assert_same_cells

from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.endpoints.columns import flat
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.training.learner import Fitted, Learner

LEARNER = Learner[Any, Any, Any]
SAMPLES = Sequence[Sample[Any, Any]]

WRITTEN = {".json", ".safetensors", ".txt"}
"""How models may lie on disk: formats that run no code when they are read."""


def check_learner(
    learner: LEARNER,
    endpoint: Endpoint[Any, Any],
    development: SAMPLES,
    tuning: Tuning[Any, Any],
    new: SAMPLES,
    folder: Path,
    *,
    seed: int = 5,
) -> None:
    """Put a learner through all laws.

    Args:
        learner: Under test.
        endpoint: What it predicts.
        development: Samples to fit on, of every class there is.
        tuning: Held out or cross-fitted.
        new: At least 5 samples that are in none of the others.
        folder: Empty, to save to.
        seed: Of the fits.
    """
    check_declaration(learner)
    states = _surroundings()
    fit = learner.fit(development, tuning, seed=seed)
    assert _surroundings() == states, "fitting left the process' random state or threads changed"
    again = learner.fit(development, tuning, seed=seed)
    fit.fitted.save(folder / "one")
    again.fitted.save(folder / "two")
    assert contents(folder / "one") == contents(folder / "two"), "same seed, other bytes"
    assert_equal(fit.reference, again.reference, "same seed, other reference")
    assert dict(fit.record) == dict(again.record)
    check_record(dict(fit.record))
    expected = len(development) if tuning.folds else len(tuning.calibration)
    assert len(fit.reference) == expected
    check_predictions(fit.fitted, endpoint, new)
    check_loading(learner, fit.fitted, new, folder)
    check_refusals(learner, endpoint, development, tuning)


def check_declaration(learner: LEARNER) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", learner.name)
    assert learner.label.strip()
    assert learner.description.strip().endswith(".")


def check_record(record: dict[str, Any]) -> None:
    """The record is flat enough for the evidence and survives JSON."""
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert set(record) >= {"settings", "trials", "best_loss", "notes"}
    for values in (record["settings"], record["notes"]):
        assert all(isinstance(value, bool | int | float | str | None) for value in values.values())


def check_predictions(fitted: Fitted[Any, Any], endpoint: Endpoint[Any, Any], new: SAMPLES) -> None:
    """Each case is predicted by itself, in single precision, as the endpoint's own type."""
    cases = [sample.predictors for sample in new]
    whole = list(fitted.predict(cases))
    assert len(whole) == len(cases) >= 5
    assert list(fitted.predict([])) == []
    assert_equal(endpoint.restore(endpoint.cells(whole)), whole, "predictions are not of the endpoint's own type")
    for values in flat(endpoint.cells(whole)).values():
        assert np.isfinite(values).all()
        np.testing.assert_array_equal(values, values.astype(np.float32), err_msg="predictions are not float32")
    for question in endpoint.target.questions:
        np.testing.assert_allclose(question.probabilities(whole).sum(axis=1), 1.0, atol=1e-6)
    order = np.random.default_rng(0).permutation(len(cases)).tolist()
    assert_close(endpoint, fitted.predict([cases[k] for k in order]), [whole[k] for k in order], "permuted")
    assert_close(endpoint, [fitted.predict([case])[0] for case in cases[:3]], whole[:3], "alone")
    halves = [*fitted.predict(cases[: len(cases) // 2]), *fitted.predict(cases[len(cases) // 2 :])]
    assert_close(endpoint, halves, whole, "chunked")
    assert_equal(fitted.predict(cases), whole, "asked twice")


def check_loading(learner: LEARNER, fitted: Fitted[Any, Any], new: SAMPLES, folder: Path) -> None:
    """What was saved predicts the same; what was damaged is refused."""
    cases = [sample.predictors for sample in new]
    saved = folder / "one"
    assert {path.suffix for path in saved.rglob("*") if path.is_file()} <= WRITTEN
    loaded = learner.load(saved)
    assert_equal(loaded.predict(cases), fitted.predict(cases), "loaded")
    loaded.save(folder / "three")
    assert contents(folder / "three") == contents(saved), "saved, loaded and saved again are other bytes"
    for path in sorted(path for path in saved.rglob("*") if path.is_file()):
        kept = path.read_bytes()
        for damage in (kept[: len(kept) // 2], b""):
            path.write_bytes(damage)
            with pytest.raises(ModelError, match="damaged"):
                learner.load(saved)
        path.unlink()
        with pytest.raises(ModelError, match="damaged"):
            learner.load(saved)
        path.write_bytes(kept)
    with pytest.raises(ModelError):
        learner.load(folder / "nowhere")


def check_refusals(
    learner: LEARNER, endpoint: Endpoint[Any, Any], development: SAMPLES, tuning: Tuning[Any, Any]
) -> None:
    """What cannot be learned from is an error that says what to do."""
    with pytest.raises(ModelError, match="no development samples"):
        learner.fit([], tuning, seed=1)
    with pytest.raises(ModelError, match="selection"):
        learner.fit(development, Tuning(), seed=1)
    if endpoint.target.questions:
        first = development[0].outcome
        same = [sample for sample in development if sample.outcome == first]
        with pytest.raises(ModelError, match=r"cannot be fitted.*; (at least|use)"):
            learner.fit(same, Tuning(selection=same, calibration=same), seed=1)


def assert_close(endpoint: Endpoint[Any, Any], told: Sequence[Any], expected: Sequence[Any], how: str) -> None:
    """Equal but for the rounding of single-precision sums in another order."""
    assert_same_cells(endpoint.cells(list(told)), endpoint.cells(list(expected)), how, rtol=2e-5, atol=2e-6)


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _surroundings() -> tuple[Any, ...]:
    """What a fit may use and must leave as it was."""
    import random

    import torch
    from threadpoolctl import threadpool_info

    generator = np.random.get_state()  # noqa: NPY002 - the global state is what must not change
    return (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        hashlib.sha256(torch.random.get_rng_state().numpy().tobytes()).hexdigest(),
        hashlib.sha256(np.asarray(generator[1]).tobytes()).hexdigest(),  # type: ignore[index]
        random.getstate()[1][:3],
        {one["filepath"]: one["num_threads"] for one in threadpool_info()},
    )
