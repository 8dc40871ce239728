"""The imaging modality: digests, near copies, profiles, stress and pictures."""

import io
import json
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from scipy import ndimage
from tests.modalities.tabular.law import law

from bedside.data.sample import Sample
from bedside.data.split import Split
from bedside.endpoints.binary.kind import binary
from bedside.modalities.imaging.file import ImageFile
from bedside.modalities.imaging.image import Geometry, Image, Readable
from bedside.modalities.imaging.look import looks
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.npz import NpzImages
from bedside.modalities.imaging.simulate import radiograph, volume
from bedside.study.leakage import findings
from bedside.types import PatientId, SampleId

MODALITY = imaging()
RNG = np.random.default_rng(8)


def grey(array: Any, geometry: Geometry | None = None) -> Image:
    return Image(np.asarray(array)[None], geometry)


def noise(count: int, size: int = 24) -> list[Readable]:
    return [grey(RNG.integers(0, 256, (size, size)).astype(np.uint8)) for _ in range(count)]


PIXELS = st.lists(st.integers(0, 2), min_size=4, max_size=4)
SPACINGS = st.sampled_from([None, (1.0, 1.0), (1.0, 2.0)])


@law
@given(st.lists(st.tuples(PIXELS, SPACINGS, st.sampled_from(["u1", "<i2", ">i2"])), min_size=2, max_size=6))
def test_digests_are_equal_exactly_when_content_and_geometry_are(
    cases: list[tuple[list[int], tuple[float, ...] | None, str]],
) -> None:
    images = [
        grey(np.array(values, dtype=kind).reshape(2, 2), None if spacing is None else Geometry(spacing))
        for values, spacing, kind in cases
    ]
    digests = MODALITY.digest(images)
    alike = [(values, spacing, kind.strip("<>")) for values, spacing, kind in cases]  # byte order is no content
    for one, first in zip(alike, digests, strict=True):
        for other, second in zip(alike, digests, strict=True):
            assert (first == second) == (one == other)


def test_digests_are_the_same_on_every_machine() -> None:
    image = grey(np.arange(6, dtype=np.int16).reshape(2, 3), Geometry((0.5, 0.7)))
    assert [len(one) for one in MODALITY.digest([image])] == [16]
    assert MODALITY.digest([image])[0].hex() == "12726d69f8cf55aef77ae6c42c78d40a"


def test_the_format_of_a_file_is_no_content(tmp_path: Path) -> None:
    array = RNG.integers(0, 256, (9, 9)).astype(np.uint8)
    for name in ("a.png", "a.bmp", "a.tif"):
        Pillow.fromarray(array).save(tmp_path / name)
    files: list[Readable] = [ImageFile(tmp_path / name) for name in ("a.png", "a.bmp", "a.tif")]
    assert len(set(MODALITY.digest([*files, grey(array)]))) == 1


def test_an_image_is_decoded_once() -> None:
    class Counted:
        reads = 0

        def read(self) -> Image:
            self.reads += 1
            return grey(np.eye(8))

    one = Counted()
    MODALITY.digest([one]), looks([one])
    assert one.reads == 1


def near(predictors: list[Readable], learned: int) -> list[int]:
    assert MODALITY.near_copies is not None
    asked = MODALITY.near_copies(predictors)
    return [int(k) for k in asked(np.arange(learned), np.arange(learned, len(predictors)))]


def test_altered_copies_are_found_and_nothing_else() -> None:
    smooth = [ndimage.gaussian_filter(RNG.normal(size=(60, 60)), 4) for _ in range(60)]
    images = [grey(np.round(100 + 900 * one).astype(np.int16)) for one in smooth]
    first = images[3].pixels[0]
    altered = [
        grey(np.round(0.7 * first + 40).astype(np.int16)),  # other brightness and contrast
        grey(np.round(ndimage.zoom(first, 0.5, order=1)).astype(np.int16)),  # other size
        grey((first + RNG.normal(scale=0.1 * first.std(), size=first.shape)).astype(np.int16)),  # noise
        grey(first.copy()),  # identical: a copy, counted elsewhere
        grey(np.full((60, 60), 7)),
        grey(first[::-1].copy()),  # mirrored: not found, and said so
    ]
    assert near([*images[:50], *altered, *images[50:]], 50) == [50, 51, 52]


def test_noise_and_simulated_people_are_no_copies() -> None:
    assert near(noise(300), 150) == []
    assert near([radiograph(ill=k % 2 == 0, seed=k) for k in range(200)], 100) == []
    assert near([volume(millilitres=3.0, seed=k, size=(12, 16, 12), spacing=3.0) for k in range(60)], 30) == []


def test_images_and_volumes_are_not_compared() -> None:
    flat = np.arange(64.0).reshape(8, 8)
    assert near([grey(flat), grey(np.stack([flat] * 8)), grey(flat * 2)], 2) == [2]


def test_ten_thousand_against_ten_thousand_takes_seconds() -> None:
    small = [grey(one) for one in RNG.integers(0, 256, (2000, 16, 16)).astype(np.uint8)]
    start = time.perf_counter()
    assert near([*small], 1000) == []
    assert time.perf_counter() - start < 10  # 100 times as many pairs are one matrix product each


def test_known_near_copies_of_breast_ultrasound_are_found(public_data: Path) -> None:
    path = public_data / "medmnist" / "breastmnist.npz"
    if not path.is_file():
        pytest.skip("medmnist/breastmnist.npz is not in BEDSIDE_DATA")
    train, test = (NpzImages(path).images(part) for part in ("train", "test"))
    rows = [np.stack([image.pixels.ravel().astype(float) for image in part]) for part in (train, test)]
    a, b = ((one - one.mean(axis=1, keepdims=True)) / one.std(axis=1, keepdims=True) for one in rows)
    known = np.flatnonzero((b @ a.T / a.shape[1]).max(axis=1) > 0.995)
    assert known.size == 25
    found = np.array(near([*train, *test], len(train))) - len(train)
    copies = {image.pixels.tobytes() for image in train}
    identical = [k for k, image in enumerate(test) if image.pixels.tobytes() in copies]
    assert set(known.tolist()) - set(identical) <= set(found.tolist())
    assert found.size <= 60  # 51 here: frames of one lesion, as seen by eye; no other person among them


@pytest.mark.parametrize("name", ["pneumoniamnist", "retinamnist"])
def test_different_people_are_no_near_copies(public_data: Path, name: str) -> None:
    path = public_data / "medmnist" / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"medmnist/{name}.npz is not in BEDSIDE_DATA")
    train, test = (NpzImages(path).images(part) for part in ("train", "test"))
    assert near([*train, *test], len(train)) == []


def test_the_audit_names_copies_and_near_copies_of_images() -> None:
    images = noise(40)
    first = images[0].read().pixels[0]
    images += [grey(first.copy()), grey(np.clip(first + 1.0, 0, 255))]
    samples = [Sample(SampleId(str(k)), PatientId(str(k)), one, k % 2 == 0) for k, one in enumerate(images)]
    nobody = np.empty(0, dtype=np.int64)
    split = Split("holdout", np.arange(40), nobody, nobody, np.arange(40, 42))
    digests = MODALITY.digest(images)
    rows = findings(
        samples, digests, MODALITY, binary(positive="ill", negative="well"), [("holdout", split, samples, digests)]
    )
    kinds = {row.kind: row for row in rows}
    assert kinds["copies_across_partitions"].count == 1
    assert kinds["near_copies_across_partitions"].count == 1


def test_the_profile_is_compared_with_new_images() -> None:
    assert MODALITY.profile is not None
    assert MODALITY.compare is not None
    development: list[Readable] = [grey(100 * RNG.random((20, 30 + k)), Geometry((0.5, 0.5))) for k in range(20)]
    profile = json.loads(json.dumps(MODALITY.profile(development)))
    assert MODALITY.compare(profile, development) == ()
    new: list[Readable] = [
        grey(100 * RNG.random((20, 200)), Geometry((0.5, 0.5))),
        grey(100 * RNG.random((20, 32)), Geometry((5.0, 0.5))),
        grey(100 * RNG.random((20, 32))),
        grey(1000 * RNG.random((20, 32)), Geometry((0.5, 0.5))),
        Image(100 * RNG.random((3, 20, 32)), Geometry((0.5, 0.5))),
        grey(100 * RNG.random((5, 20, 32)), Geometry((0.5, 0.5, 0.5))),
    ]
    found = {(one.kind, one.severity): one for one in MODALITY.compare(profile, new)}
    assert {key: one.count for key, one in found.items()} == {
        ("channels", "serious"): 1,
        ("dimensions", "serious"): 1,
        ("size", "warning"): 1,
        ("spacing", "serious"): 1,
        ("spacing", "warning"): 1,
        ("grey_values", "warning"): 1,
    }
    assert "3 channels; development images had 1" in found["channels", "serious"].text


def test_perturbations_are_seeded_and_keep_type_size_and_geometry() -> None:
    assert MODALITY.perturbations is not None
    cases: list[Readable] = [radiograph(ill=True, seed=1), volume(millilitres=2, seed=2, size=(16, 24, 20))]
    tried = MODALITY.perturbations(cases)
    assert len({one.name for one in tried}) == len(tried)
    for one in tried:
        made, again, other = (one.apply(cases, np.random.default_rng(seed)) for seed in (1, 1, 2))
        for case, first, second in zip(cases, made, again, strict=True):
            before, after = case.read(), first.read()
            assert (after.pixels.dtype, after.size) == (before.pixels.dtype, before.size)
            assert after.geometry is before.geometry
            assert not np.array_equal(after.pixels, before.pixels), one.name
            np.testing.assert_array_equal(after.pixels, second.read().pixels)
            np.testing.assert_array_equal(after.pixels, first.read().pixels)
        if one.family == "noise":
            assert not np.array_equal(made[0].read().pixels, other[0].read().pixels)


def test_stronger_is_worse() -> None:
    assert MODALITY.perturbations is not None
    case: Readable = grey(100 * ndimage.gaussian_filter(RNG.normal(size=(64, 64)), 2))
    distances: dict[str, list[float]] = {}
    for one in MODALITY.perturbations([case]):
        (made,) = one.apply([case], np.random.default_rng(0))
        distances.setdefault(one.family, []).append(float(np.abs(made.read().pixels - case.read().pixels).mean()))
    assert set(distances) == {"noise", "blur", "brightness", "contrast", "rotation", "resolution"}
    assert all(values == sorted(values) and values[0] > 0 for values in distances.values())


def test_coarser_pixels_are_means() -> None:
    assert MODALITY.perturbations is not None
    (halved,) = (one for one in MODALITY.perturbations([]) if one.family == "resolution" and one.strength == 2)
    (made,) = halved.apply([grey(np.arange(12.0).reshape(3, 4))], np.random.default_rng(0))
    np.testing.assert_array_equal(made.read().pixels[0], [[2.5, 2.5, 4.5, 4.5]] * 2 + [[8.5, 8.5, 10.5, 10.5]])


@pytest.mark.parametrize(
    ("image", "size", "mode"),
    [
        (grey(RNG.normal(size=(20, 40))), (192, 96), "L"),
        (grey(RNG.normal(size=(20, 40)), Geometry((2.0, 1.0))), (192, 192), "L"),
        (Image(RNG.integers(0, 255, (3, 30, 30)).astype(np.uint8)), (192, 192), "RGB"),
        (grey(RNG.normal(size=(10, 20, 20)), Geometry((2.0, 1.0, 1.0))), (192 * 3 + 4, 192), "L"),
        (grey(np.zeros((1, 1))), (192, 192), "L"),
        (grey(np.full((4, 4), np.nan)), (192, 192), "L"),
    ],
)
def test_pictures_are_small_and_true_to_distance(image: Image, size: tuple[int, int], mode: str) -> None:
    assert MODALITY.picture is not None
    made = Pillow.open(io.BytesIO(MODALITY.picture(image)))
    assert (made.format, made.size, made.mode) == ("PNG", size, mode)


def test_images_have_no_columns_and_the_modality_travels_to_workers() -> None:
    images = noise(3)
    travelled = pickle.loads(pickle.dumps(MODALITY))  # noqa: S301 - our own bytes
    assert travelled.variables(images) == ()
    assert travelled.digest(images) == MODALITY.digest(images)
