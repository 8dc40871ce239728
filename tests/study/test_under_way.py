"""How far fits are: told while they run, by whichever process makes them, and gone when they are done."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.study.tiny import X, small

from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.data.validation import Holdout
from bedside.study import under_way
from bedside.study.progress import Silent
from bedside.study.run import run
from bedside.study.under_way import Bulletin, duration, latest, watched
from bedside.training.learner import Fit
from bedside.training.workplace import here


@dataclass
class Heard(Silent):
    """Remembers what is under way."""

    texts: list[str] = field(default_factory=list)

    def doing(self, text: str) -> None:
        self.texts.append(text)


def test_the_time_left_by_epochs_and_by_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("bedside.study.under_way.time.monotonic", lambda: now)
    told = Bulletin(tmp_path, "Network, fold 1", seconds=2.0)
    told("trial", 1, 5)
    now += 1
    told("epoch", 1, 20)
    assert latest(tmp_path) == "", "too early to say"
    now += 3
    told("epoch", 2, 20)
    assert latest(tmp_path) == "Network, fold 1: trial 1 of 5, epoch 2 of 20, about 36 s left"
    now += 96
    told("trial", 2, 5)
    now += 10
    told("epoch", 1, 20)
    # The first trial took 100 seconds: four of them, ten seconds of which are over.
    assert latest(tmp_path) == "Network, fold 1: trial 2 of 5, epoch 1 of 20, about 6 min left"
    now += 400
    told("member", 1, 1)
    now += 1
    told("epoch", 1, 20)
    now += 2
    told("epoch", 2, 20)
    assert latest(tmp_path) == "Network, fold 1: epoch 2 of 20, about 27 s left"


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (99, "99 s"), (120, "2 min"), (7200, "2.0 h")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_what_is_written_is_told_once(tmp_path: Path) -> None:
    heard = Heard()
    one, two = (Bulletin(tmp_path / name, name, seconds=0.0) for name in ("one", "two"))
    with watched(tmp_path, heard, seconds=0.02):
        one("epoch", 1, 3)
        two("epoch", 2, 3)
        deadline = time.monotonic() + 5
        while not any("; two" in text for text in heard.texts) and time.monotonic() < deadline:
            time.sleep(0.02)
    assert heard.texts[-1].startswith("one: epoch 1 of 3, about 0 s left; two: epoch 2 of 3")
    assert len(heard.texts) == len(set(heard.texts))


def test_an_old_line_is_silent(tmp_path: Path) -> None:
    Bulletin(tmp_path, "Network", seconds=0.0)("epoch", 1, 3)
    file = tmp_path / under_way.FILE
    file.write_text(file.read_text().replace('"at": ', '"at": -'), "utf-8")
    assert latest(tmp_path) == ""


@dataclass(frozen=True)
class Slow:
    """A learner that leaves a checkpoint and stops once."""

    inner: Any
    seen: list[Path] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.inner.name)

    @property
    def label(self) -> str:
        return str(self.inner.label)

    @property
    def description(self) -> str:
        return str(self.inner.description)

    def fit(self, development: Sequence[Sample[X, bool]], tuning: Tuning[X, bool], *, seed: int) -> Fit[X, float]:
        folder = here().folder
        assert folder is not None
        folder.mkdir(parents=True, exist_ok=True)
        self.seen.append(folder)
        if not (folder / "checkpoint").exists():
            (folder / "checkpoint").touch()
            raise KeyboardInterrupt
        found: Fit[X, float] = self.inner.fit(development, tuning, seed=seed)
        return found

    def load(self, folder: Path) -> Any:
        return self.inner.load(folder)


def test_a_fit_finds_its_folder_again_and_leaves_nothing(tmp_path: Path) -> None:
    study = small(validations=(Holdout(),))
    slow = Slow(study.model)
    with pytest.raises(KeyboardInterrupt):
        run(replace(study, model=slow), out=tmp_path / "run", jobs=1)
    assert slow.seen[0].is_relative_to(tmp_path / "run" / "unfinished")
    run(replace(study, model=slow), out=tmp_path / "run", jobs=1)
    assert slow.seen[0] == slow.seen[1]
    assert len(slow.seen) == 2
    assert not (tmp_path / "run" / "unfinished").exists()
    assert here().folder is None
