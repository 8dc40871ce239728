"""Synthetic pictures: the same for a seed, learnable, and not from their brightness."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR

from bedside.modalities.imaging.image import Image
from bedside.modalities.imaging.look import digest_of
from bedside.modalities.imaging.simulate import dermoscopy, fundus, radiograph, sonogram, volume

CASES = 240

MAKERS: dict[str, Callable[[bool, int], Image]] = {
    "radiograph": lambda ill, seed: radiograph(ill=ill, seed=seed),
    "sonogram": lambda ill, seed: sonogram(malignant=ill, seed=seed),
    "fundus": lambda ill, seed: fundus(grade=4 if ill else 0, seed=seed),
    "dermoscopy": lambda ill, seed: dermoscopy(grade=2 if ill else 0, seed=seed, size=32),
}


def described(image: Image) -> list[float]:
    """Pixels, and how rough the image is: what a simple model could use."""
    values = image.pixels.astype(float)
    rough = np.percentile(np.abs(np.diff(values, axis=-1)), range(5, 100, 5))
    return [*np.percentile(values, range(0, 101, 5)), *rough, *values[:, ::4, ::4].ravel()]


@pytest.mark.parametrize("name", MAKERS)
def test_classes_can_be_learned_and_brightness_does_not_tell(name: str) -> None:
    ill = np.arange(CASES) % 2 == 0
    images = [MAKERS[name](bool(one), seed) for seed, one in enumerate(ill)]
    for plain in ([image.pixels.mean() for image in images], [image.pixels.std() for image in images]):
        assert 0.35 < roc_auc_score(ill, plain) < 0.65
    model = RandomForestClassifier(100, min_samples_leaf=3, random_state=0)
    scores = cross_val_predict(model, [described(one) for one in images], ill, cv=4, method="predict_proba")[:, 1]
    assert 0.7 < roc_auc_score(ill, scores) < 0.999


def test_the_size_of_a_body_can_be_learned() -> None:
    wanted = np.random.default_rng(0).uniform(1.5, 5.0, 100)
    images = [
        volume(millilitres=float(one), seed=seed, size=(18, 25, 17), spacing=2.0) for seed, one in enumerate(wanted)
    ]
    assert abs(np.corrcoef(wanted, [image.pixels.mean() for image in images])[0, 1]) < 0.3
    rows = [(image.pixels / image.pixels.mean()).ravel() for image in images]
    model = make_pipeline(PCA(15, random_state=0), SVR(C=10))
    assert r2_score(wanted, cross_val_predict(model, rows, wanted, cv=4)) > 0.3


def test_volumes_have_a_geometry_in_which_left_and_right_are_mirrored() -> None:
    geometry = volume(millilitres=2.0, seed=0).geometry
    assert geometry is not None
    assert geometry.affine is not None
    assert np.linalg.det(geometry.affine[:3, :3]) == pytest.approx(1.0)


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_seed_gives_the_same_picture(name: str) -> None:
    one, again, other = (MAKERS[name](bool(seed), seed) for seed in (3, 3, 4))
    assert digest_of(one) == digest_of(again) != digest_of(other)


def test_grades_differ_in_order() -> None:
    spots = [np.mean([(fundus(grade=g, seed=s).pixels[1] < 60).mean() for s in range(30)]) for g in (0, 2, 4)]
    assert spots == sorted(spots)
