import os
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from bedside.errors import FileProblem, OutputProblem
from bedside.modalities.imaging import pool
from bedside.modalities.imaging.batches import ImageBatches
from bedside.modalities.imaging.cache import SHELF, Shelf, identity, records
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.image import Geometry, Image, Pixels, Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.preparation import Preparation
from bedside.modalities.imaging.shaped import Shaped

PLAN = ImagePlan((12, 12))
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Counted:
    """An image in a file of its own, which counts how often it is decoded."""

    path: Path
    decoded: ClassVar[list[Path]] = []

    def read(self) -> Image:
        Counted.decoded.append(self.path)
        return Image(np.load(self.path))


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path / "cache"))
    SHELF.clear()
    Counted.decoded.clear()
    yield
    pool.leave()
    SHELF.clear()


def files(folder: Path, count: int = 9, seed: int = 0) -> list[Counted]:
    drawn = np.random.default_rng(seed).integers(0, 256, (count, 1, 12, 12)).astype(np.uint8)
    for number, each in enumerate(drawn):
        np.save(folder / f"{number}.npy", each)
    return [Counted(folder / f"{number}.npy") for number in range(count)]


@pytest.mark.parametrize("memory", [1 << 30, 1])
@pytest.mark.parametrize("scale", ["development", "image"])
def test_batches_are_what_transform_gives_in_any_order_in_memory_and_on_disk(
    tmp_path: Path, memory: int, scale: str
) -> None:
    cohort = files(tmp_path)
    preparation = Preparation.fit(ImagePlan((8, 10), scale=scale), cohort, memory_bytes=memory)  # type: ignore[arg-type]
    batches = ImageBatches.of(preparation, cohort, memory_bytes=memory)
    assert isinstance(batches.records.stored, np.memmap) == (memory == 1)
    assert len(batches) == 9
    order = torch.tensor([3, 0, 8, 3])
    taken = batches.take(order, CPU).pixels
    assert taken.dtype == torch.float32
    np.testing.assert_array_equal(taken.numpy(), preparation.transform(cohort)[order.numpy()])
    taken.zero_()
    assert batches.take(order, CPU).pixels.abs().max() > 0  # a batch is a copy


def test_trials_folds_and_new_plans_of_scaling_decode_each_file_once(tmp_path: Path) -> None:
    cohort = files(tmp_path)
    for fold in (cohort[:6], cohort[3:], cohort):
        ImageBatches.of(Preparation.fit(PLAN, fold), cohort)
    assert len(Counted.decoded) == 9


def test_on_disk_too_and_another_process_finds_them(tmp_path: Path) -> None:
    cohort = files(tmp_path)
    for fold in (cohort[:6], cohort[3:], cohort):
        ImageBatches.of(Preparation.fit(PLAN, fold, memory_bytes=1), cohort, memory_bytes=1)
    assert len(Counted.decoded) == 9
    first = records(PLAN, cohort, memory_bytes=1)
    SHELF.clear()  # as in another process, but for the first image, whose type must be known
    again = records(PLAN, cohort, memory_bytes=1)
    assert len(Counted.decoded) == 10
    np.testing.assert_array_equal(again.take(np.arange(9)), first.take(np.arange(9)))


def test_a_changed_file_is_decoded_again_and_another_plan_is_another_image(tmp_path: Path) -> None:
    cohort = files(tmp_path, 2)
    before = records(PLAN, cohort, memory_bytes=1).take(np.array([1]))
    np.save(cohort[1].path, np.arange(144, dtype=np.uint8).reshape(1, 12, 12))
    os.utime(cohort[1].path, ns=(1, 1))
    after = records(PLAN, cohort, memory_bytes=1).take(np.array([1]))
    assert (before != after).any()
    np.testing.assert_array_equal(after.ravel(), np.arange(144))
    assert records(ImagePlan((6, 6)), cohort).shape == (2, 1, 6, 6)


def test_identity_is_of_the_content_in_memory() -> None:
    pixels = np.arange(16.0).reshape(1, 4, 4)
    same = identity(Image(pixels.copy()))
    assert identity(Image(pixels)) == same
    others: list[Readable] = [
        Image(pixels + 1),
        Image(pixels.reshape(1, 2, 8)),
        Image(pixels.astype(np.float32)),
        Image(pixels, Geometry((1.0, 1.0))),
        Image(pixels, Geometry((1.0, 2.0))),
    ]
    assert len({same, *map(identity, others)}) == 6


def test_originals_are_decoded_one_at_a_time_and_not_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(20):
        np.save(tmp_path / f"{number}.npy", rng.integers(0, 256, (1, 700, 700)).astype(np.uint8))
    cohort = [Counted(tmp_path / f"{number}.npy") for number in range(20)]
    Preparation.fit(PLAN, cohort[:1])  # what is imported and remembered once
    tracemalloc.start()
    ImageBatches.of(Preparation.fit(ImagePlan((16, 16)), cohort), cohort)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 700 * 700  # one original with its interpolation, where all would be twenty


def test_two_ways_to_read_one_file_are_two_images(tmp_path: Path) -> None:
    (tmp_path / "scan").touch()
    ways: list[Readable] = [
        ImageFile(tmp_path / "scan"),
        ImageFile(tmp_path / "scan", voi=True),
        Counted(tmp_path / "scan"),
    ]
    assert len({*map(identity, ways), identity(ImageFile(tmp_path / "scan"))}) == 3


def test_what_is_no_file_is_made_once_for_each_partition() -> None:
    made: list[int] = []

    class Drawn:
        def read(self) -> Image:
            made.append(1)
            return Image(np.arange(144.0).reshape(1, 12, 12))

    found = records(PLAN, [Drawn(), Drawn()])
    assert len(made) == 3  # the first one besides tells the type of all
    assert (found.take(np.array([0])) == found.take(np.array([1]))).all()


def test_the_shelf_gives_up_the_oldest_first() -> None:
    made = [Shaped(np.full(100, k, dtype=np.uint8), np.zeros(4, np.float32)) for k in range(4)]
    shelf: Shelf[Shaped] = Shelf(300)
    for k in range(3):
        shelf.put(b"%d" % k, made[k])
    assert shelf.get(b"0") is made[0]
    shelf.put(b"3", made[3])
    assert shelf.get(b"1") is None
    assert shelf.get(b"0") is made[0]
    assert shelf.held == 300
    shelf.put(b"too large", Shaped(np.zeros(301, np.uint8), np.zeros(4, np.float32)))
    assert shelf.get(b"too large") is None


def test_an_image_with_finer_values_after_one_of_8_bits(tmp_path: Path) -> None:
    cohort = files(tmp_path, 4)
    np.save(cohort[2].path, np.random.default_rng(0).random((1, 12, 12)))
    for memory in (1, 1 << 30):
        found = records(PLAN, cohort, memory_bytes=memory)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found.take(np.array([2]))[0], np.load(cohort[2].path), rtol=1e-6)


def test_two_processes_that_build_the_same_pool_both_have_it_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "cohort.npy", rng.integers(0, 256, (300, 1, 12, 12)).astype(np.uint8))
    program = (
        "import sys, numpy as np\n"
        "from bedside.modalities.imaging.cache import records\n"
        "from bedside.modalities.imaging.image import Image\n"
        "from bedside.modalities.imaging.plan import ImagePlan\n"
        "pixels = np.load(sys.argv[1])[:: int(sys.argv[2])]\n"
        "found = records(ImagePlan((12, 12)), [Image(each) for each in pixels], memory_bytes=1)\n"
        "assert np.array_equal(found.take(np.arange(300)), pixels)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cohort.npy")]
    started = [subprocess.Popen([*command, step], stderr=subprocess.PIPE) for step in ("1", "-1")]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    kept = list((tmp_path / "cache").glob("*/digests"))
    assert [path.stat().st_size for path in kept] == [300 * 16]


def test_a_record_that_was_half_written_is_written_again(tmp_path: Path) -> None:
    cohort = files(tmp_path)
    records(PLAN, cohort[:4], memory_bytes=1)
    (data,) = (tmp_path / "cache").glob("*/records")
    (known,) = (tmp_path / "cache").glob("*/digests")
    with data.open("r+b") as broken:
        broken.truncate(data.stat().st_size - 7)
    with known.open("ab") as broken:
        broken.write(b"half a dig")
    SHELF.clear()
    found = records(PLAN, cohort, memory_bytes=1)
    np.testing.assert_array_equal(found.take(np.arange(9)), np.stack([np.load(each.path) for each in cohort]))


def test_without_a_named_folder_nothing_outlives_the_last_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BEDSIDE_CACHE")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "images").mkdir()
    found = records(PLAN, files(tmp_path / "images"), memory_bytes=1)
    (root,) = tmp_path.glob("bedside-images-*")
    assert root.stat().st_mode & 0o077 == 0
    (folder,) = root.iterdir()
    before = found.take(np.arange(9))
    stale = root / "left by a killed process"
    stale.mkdir()
    (stale / "in_use").touch()
    records(ImagePlan((6, 6)), files(tmp_path / "images"), memory_bytes=1)
    assert folder.exists()
    assert not stale.exists()
    pool.leave()
    assert list(root.iterdir()) == []
    np.testing.assert_array_equal(found.take(np.arange(9)), before)  # who has mapped it can still read it


def test_a_named_folder_keeps_its_pools_until_nobody_opens_them_for_long(tmp_path: Path) -> None:
    cohort = files(tmp_path)
    records(PLAN, cohort, memory_bytes=1)
    pool.leave()
    (mark,) = (tmp_path / "cache").glob("*/in_use")
    records(ImagePlan((6, 6)), cohort, memory_bytes=1)
    assert mark.exists()
    pool.leave()
    long_ago = time.time() - (pool.KEPT_DAYS + 1) * 86400
    os.utime(mark, (long_ago, long_ago))
    records(ImagePlan((6, 6)), cohort, memory_bytes=1)
    assert not mark.exists()


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BEDSIDE_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(OutputProblem, match=r"BEDSIDE_CACHE.*folder with room"):
        records(PLAN, files(tmp_path), memory_bytes=1)


def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    import resource

    cohort = files(tmp_path)
    records(PLAN, cohort[:1], memory_bytes=1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, before[1]))  # as a full disk: writing fails half way
    try:
        with pytest.raises(OutputProblem, match="free space"):
            records(PLAN, cohort, memory_bytes=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    SHELF.clear()
    found = records(PLAN, cohort, memory_bytes=1)
    np.testing.assert_array_equal(found.take(np.arange(9)), np.stack([np.load(each.path) for each in cohort]))


def test_a_bad_file_is_named_by_its_path(tmp_path: Path) -> None:
    cohort = files(tmp_path)
    np.save(cohort[5].path, np.full((1, 12, 12), 3, dtype=np.uint8))
    for memory in (1 << 30, 1):
        with pytest.raises(FileProblem, match=r"5\.npy: all pixels have the value 3"):
            records(PLAN, cohort, memory_bytes=memory)


def test_threads_share_the_shelf(tmp_path: Path) -> None:
    cohort = files(tmp_path)
    found: list[Pixels] = []
    threads = [
        threading.Thread(target=lambda: found.append(records(PLAN, cohort).take(np.arange(9)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all((each == found[0]).all() for each in found)
