"""MedMNIST's layout: images of any of its shapes, labels as (n,) or (n, 1), and what is not the layout."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.errors import FileProblem
from bedside.modalities.imaging.npz import PARTITIONS, NpzImages

RNG = np.random.default_rng(0)


def saved(path: Path, shape: tuple[int, ...] = (6, 5), labels: Any = None, **other: Any) -> NpzImages:
    arrays: dict[str, Any] = {}
    for name in PARTITIONS:
        arrays[f"{name}_images"] = RNG.integers(0, 256, (4, *shape)).astype(np.uint8)
        arrays[f"{name}_labels"] = np.array([[0], [1], [1], [0]], np.uint8) if labels is None else labels
    arrays = {name: array for name, array in {**arrays, **other}.items() if array is not None}
    np.savez_compressed(path, allow_pickle=True, **arrays)
    return NpzImages(path)


@pytest.mark.parametrize(
    ("shape", "channels", "size"),
    [((6, 5), 1, (6, 5)), ((6, 5, 3), 3, (6, 5)), ((7, 6, 5), 1, (7, 6, 5)), ((7, 6, 5, 3), 3, (7, 6, 5))],
)
def test_images_of_every_shape_are_channels_first(
    tmp_path: Path, shape: tuple[int, ...], channels: int, size: tuple[int, ...]
) -> None:
    stored = saved(tmp_path / "a.npz", shape)
    images = stored.images("val")
    assert {(image.channels, image.size, image.geometry) for image in images} == {(channels, size, None)}
    raw = np.load(stored.path)["val_images"][2]
    np.testing.assert_array_equal(images[2].pixels, np.moveaxis(raw, -1, 0) if channels == 3 else raw[None])


def test_labels_have_one_axis_unless_there_are_several_a_case(tmp_path: Path) -> None:
    assert saved(tmp_path / "a.npz").labels("train").tolist() == [0, 1, 1, 0]
    assert saved(tmp_path / "b.npz", labels=np.array([3, 0, 1, 2])).labels("test").tolist() == [3, 0, 1, 2]
    assert saved(tmp_path / "c.npz", labels=np.eye(4)).labels("test").shape == (4, 4)


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"train_images": None}, "lacks the array train_images"),
        ({"train_labels": np.zeros(3, int)}, "3 train labels for 4 images"),
        ({"train_labels": np.array(["a", "b", "c", "d"])}, "whole numbers"),
        ({"train_labels": np.array([0.0, 0.5, 1.0, 1.0])}, "whole numbers"),
        ({"train_images": np.zeros((4, 5))}, "train_images holds float64 of shape 4 x 5"),
        ({"train_labels": np.array([0, None, 1, 1], dtype=object)}, "cannot be read"),
    ],
)
def test_another_layout_is_refused(tmp_path: Path, other: dict[str, Any], found: str) -> None:
    stored = saved(tmp_path / "a.npz", **other)
    with pytest.raises(FileProblem, match=found):
        stored.images("train"), stored.labels("train")


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    stored = saved(tmp_path / "a.npz")
    stored.path.write_bytes(stored.path.read_bytes()[:-200])
    with pytest.raises(FileProblem, match="truncated or damaged"):
        stored.images("train")
    stored.path.write_bytes(b"no archive")
    with pytest.raises(FileProblem, match="no NPZ archive"):
        stored.labels("train")


@pytest.mark.parametrize(
    ("name", "counts", "channels"),
    [("pneumoniamnist", (4708, 524, 624), 1), ("retinamnist", (1080, 120, 400), 3), ("breastmnist", (546, 78, 156), 1)],
)
def test_published_data_sets_are_read(public_data: Path, name: str, counts: tuple[int, ...], channels: int) -> None:
    path = public_data / "medmnist" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"medmnist/{name}.npz is not in BEDSIDE_DATA")
    stored = NpzImages(path)
    assert tuple(len(stored.labels(part)) for part in PARTITIONS) == counts
    images = stored.images("test")
    assert len(images) == counts[2]
    assert {(image.channels, image.size) for image in images} == {(channels, (28, 28))}
