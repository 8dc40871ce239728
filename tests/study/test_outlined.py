"""Outcomes that are drawn go through the whole job: judged, stored as arrays, resumed, compared and shown."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bedside.comparators.recorded import Recorded
from bedside.comparators.thresholds import Otsu
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.source import DataFile
from bedside.data.validation import Holdout
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.evidence.schema import Evidence
from bedside.modalities.imaging.image import Image, Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.report.page import render
from bedside.study.arrays import read
from bedside.study.compare import contrast
from bedside.study.compare import read as read_judged
from bedside.study.declare import Study
from bedside.study.folder import RunFolder
from bedside.study.hashes import case_hashes
from bedside.study.predict import load
from bedside.study.run import run
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

ENDPOINT = mask(("disc",), tolerance_pixels=1.0)


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture of a bright disc, with two readers' drawings of it."""

    pixels: np.ndarray
    good: np.ndarray
    poor: np.ndarray

    def read(self) -> Image:
        return Image(self.pixels)


@dataclass(frozen=True)
class Discs:
    """Pictures of different sizes."""

    name: str = "discs"
    licence: str = "none"
    citation: str = "none"
    files: tuple[DataFile, ...] = ()

    def records(self, root: Path) -> Iterator[tuple[str, Seen, np.ndarray]]:
        del root
        return self.simulate(40, seed=1)

    def simulate(self, n: int, *, seed: int) -> Iterator[tuple[str, Seen, np.ndarray]]:
        chance = np.random.default_rng([seed, 5])
        for k in range(n):
            size = (int(chance.integers(18, 26)), int(chance.integers(18, 26)))
            rows, columns = np.indices(size)
            radius = chance.uniform(3, 6)
            far = np.hypot(rows - size[0] / 2, columns - size[1] / 2)
            truth = (far < radius).astype(np.uint8)
            pixels = (200.0 * truth + chance.normal(0, 20, size)).astype(np.float32)[None]
            good = (far < radius + chance.normal(0, 0.3)).astype(np.uint8)
            poor = np.roll(truth, int(chance.integers(2, 4)), axis=0)
            yield str(k), Seen(pixels, good, poor), truth


def draw(record: tuple[str, Seen, np.ndarray]) -> list[Sample[Readable, Delineated] | Excluded]:
    key, seen, truth = record
    return [Sample(SampleId(key), PatientId(key), seen, Mask(truth))]


def reader(name: str, which: str) -> Tuned[Readable, Segmentation]:
    def reading(seen: Readable) -> Segmentation:
        assert isinstance(seen, Seen)
        return Segmentation.drawn(getattr(seen, which), 1)

    recorded = Recorded(name, name.capitalize(), reading, "A reader.")
    return Tuned(recorded, ENDPOINT, trials=2)


def drawings(seen: Readable) -> bytes:
    assert isinstance(seen, Seen)
    return seen.good.tobytes() + seen.poor.tobytes()


def study(**changes: object) -> Study[tuple[str, Seen, np.ndarray], Readable, Delineated, Segmentation]:
    made: Study[tuple[str, Seen, np.ndarray], Readable, Delineated, Segmentation] = Study(
        name="discs",
        question="Where is the disc?",
        intended_use="Tests.",
        source=Discs(),
        cohort=Cohort(eligibility="All.", outcome="Disc.", horizon="None.", draw=draw),
        modality=replace(imaging(), beside=drawings),
        endpoint=ENDPOINT,
        model=reader("good", "good"),
        comparators=(reader("poor", "poor"),),
        validations=(Holdout(),),
        trials=2,
        bootstrap=100,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Evidence]:
    folder = tmp_path_factory.mktemp("outlined")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEDSIDE_LEDGER", str(folder / "ledger.jsonl"))
        return folder / "run", run(study(), out=folder / "run", jobs=1, seed=3)


def value(evidence: Evidence, learner: str, measure: str) -> float:
    found = next(
        row.value
        for row in evidence.performance
        if (row.learner, row.measure, row.group, row.partition) == (learner, measure, "all", "test")
    )
    assert found is not None
    return found


def test_the_better_reader_wins(finished: tuple[Path, Evidence]) -> None:
    _, evidence = finished
    assert value(evidence, "good", "dice") > value(evidence, "poor", "dice") + 0.1
    row = next(one for one in evidence.comparisons if one.primary)
    assert row.difference is not None
    assert row.low is not None
    assert row.low > 0


def test_outlines_are_kept_as_they_are(finished: tuple[Path, Evidence]) -> None:
    folder, evidence = finished
    table = pq.read_table(RunFolder(folder).arrays).to_pylist()
    assert {row["learner"] for row in table} == {"", "good", "poor"}
    assert "arrays.parquet" in evidence.provenance.files
    predictions = pq.read_table(RunFolder(folder).predictions, filters=[("learner", "=", "good")])
    told = list(zip(predictions["split"].to_pylist(), predictions["sample"].to_pylist(), strict=True))
    shares = read(RunFolder(folder).arrays, "holdout", "good", told)["shares"].arrays()
    cases = {key: seen for key, seen, _ in Discs().records(Path())}
    for (_, sample), found in zip(told, shares, strict=True):
        np.testing.assert_array_equal(found[0] > 127, cases[sample].good > 0)


def test_a_finished_run_resumes_to_the_same_bytes(finished: tuple[Path, Evidence], tmp_path: Path) -> None:
    folder, evidence = finished
    again = run(study(), out=tmp_path / "again", jobs=1, seed=3)
    assert again.provenance.files == evidence.provenance.files
    (tmp_path / "again" / "evidence.json").unlink()
    resumed = run(study(), out=tmp_path / "again", jobs=1, seed=3)
    assert resumed.provenance.files == evidence.provenance.files
    assert (folder / "arrays.parquet").read_bytes() == (tmp_path / "again" / "arrays.parquet").read_bytes()


def test_runs_are_compared_case_by_case(finished: tuple[Path, Evidence], tmp_path: Path) -> None:
    folder, evidence = finished
    other = run(study(model=reader("other", "poor")), out=tmp_path / "other", jobs=1, seed=3)
    pair = [
        read_judged(where, told, ENDPOINT, told.study.model, "dice")
        for where, told in ((folder, evidence), (tmp_path / "other", other))
    ]
    made = contrast(pair[0], pair[1], replicates=100, seed=0)
    assert made.value == pytest.approx(value(evidence, "good", "dice") - value(other, "other", "dice"))
    assert made.low > 0


def test_the_worst_and_the_best_are_shown_unless_that_is_forbidden(
    finished: tuple[Path, Evidence], tmp_path: Path
) -> None:
    folder, evidence = finished
    drawn = [one for one in evidence.pictures if one.kind == "drawn"]
    assert {one.group for one in drawn} == {"largest loss", "median loss", "smallest loss"}
    assert {one.method for one in drawn} >= {"", "outlines", "errors"}
    assert all((folder / one.path).is_file() for one in drawn)
    best, worst = (
        next(one.caption for one in drawn if one.group == group) for group in ("smallest loss", "largest loss")
    )
    assert float(best.split()[2].rstrip(".")) > float(worst.split()[2].rstrip("."))
    page = render(evidence, folder)
    assert 'id="cases"' in page
    assert "Where the model looked" not in page
    quiet = run(study(show_cases=False), out=tmp_path / "quiet", jobs=1, seed=3)
    assert not quiet.pictures
    assert 'id="cases"' not in render(quiet, tmp_path / "quiet")
    few = run(study(smallest_cell=11), out=tmp_path / "few", jobs=1, seed=3)
    assert all(one.reason and not one.path for one in few.pictures)


def test_new_cases_are_outlined_on_their_own_grid(finished: tuple[Path, Evidence]) -> None:
    folder, _ = finished
    new = [seen for _, seen, _ in Discs().simulate(3, seed=9)]
    found = load(study(), folder).predict(new)
    assert [one.size for one in found] == [seen.good.shape for seen in new]


def test_cases_are_made_worse_but_never_moved_away_from_their_outlines(tmp_path: Path) -> None:
    otsu = Tuned(Otsu(ENDPOINT, WindowPlan(ImagePlan(size=(16, 16), scale="image"))), ENDPOINT, trials=2)
    evidence = run(study(model=otsu, comparators=(reader("poor", "poor"),)), out=tmp_path, jobs=1, seed=3)
    tried = {row.family for row in evidence.robustness if row.learner == "otsu"}
    assert tried == {"noise", "blur", "brightness", "contrast", "resolution"}
    assert not [row for row in evidence.robustness if row.learner == "poor"]


def test_another_reading_of_the_same_picture_is_another_case() -> None:
    (case,) = draw(next(Discs().records(Path())))
    assert isinstance(case, Sample)
    seen = case.predictors
    assert isinstance(seen, Seen)
    other = replace(case, predictors=replace(seen, poor=np.roll(seen.poor, 1, axis=1)))
    modality = study().modality
    digests = modality.digest([case.predictors, other.predictors])
    assert digests[0] == digests[1], "copies are found whatever a reader drew in them"
    hashed = case_hashes([case, other], digests, ENDPOINT, modality.beside)
    assert hashed[0] != hashed[1], "a stored reading is not taken for another one"
    assert len(set(case_hashes([case, other], digests, ENDPOINT))) == 1
