"""The forest of pixels: what is drawn, what leaves tell, and what pixels look like."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from tests.comparators.outlined import FLAT, FLAT_PLAN, eyes

from bedside.comparators import pixel_features
from bedside.comparators.forest import Trees
from bedside.comparators.pixel_features import WIDTHS, PixelFeatures
from bedside.comparators.pixel_forest import PixelForest, pixels_drawn, shares_of, weighed
from bedside.endpoints.mask.mask import Mask
from bedside.errors import ModelError


def test_features_found_in_slabs_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = np.random.default_rng(0)
    for size, spacing in (((130, 9), (1.0, 1.0)), ((60, 8, 7), (3.0, 1.0, 1.0))):
        features = PixelFeatures(2, spacing)
        pixels = chance.normal(size=(2, *size)).astype(np.float32)
        whole = features.of(pixels).pixels
        where = chance.permutation(int(np.prod(size)))[:50]
        at_once = features.at(pixels, where)
        with monkeypatch.context() as patch:
            patch.setattr(pixel_features, "SLAB", 1)
            patch.setattr(pixel_features.KEPT, "limit", 1)
            slabs = list(features.slabs(pixels, 3))
            in_parts = features.at(pixels, where)
        assert len(slabs) == size[0]
        found = np.concatenate([slab.pixels for _, slab in slabs], axis=1)
        np.testing.assert_array_equal(found, whole[: features.count(3)])
        np.testing.assert_array_equal(in_parts, at_once)


def test_trees_answer_as_scikit_learn_does() -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(300, 5)).astype(np.float16)
    labels = (rows[:, 0] > 0).astype(int) + (rows[:, 1] > 0.5)
    forest = RandomForestClassifier(7, random_state=1).fit(rows.astype(np.float32), labels)
    told = shares_of(Trees.of(forest), np.ascontiguousarray(rows.T).reshape(5, 20, 15))
    expected = forest.predict_proba(rows.astype(np.float32)).T.reshape(3, 20, 15)
    np.testing.assert_allclose(told, expected, atol=1e-6)


@given(seed=st.integers(0, 1000), factor=st.floats(0.05, 20.0))
@settings(max_examples=15, deadline=None)
def test_leaves_follow_the_prevalence(seed: int, factor: float) -> None:
    """Shares averaged over drawn pixels by their weights are the shares of the classes in the images."""
    chance = np.random.default_rng(seed)
    rows, labels = chance.normal(size=(80, 3)).astype(np.float16), chance.integers(0, 3, 80)
    labels[:3] = (0, 1, 2)
    weights = np.array([1.0, factor, 3.0])[labels]
    forest = RandomForestClassifier(3, min_samples_leaf=4, random_state=0).fit(rows, labels)
    trees = weighed(Trees.of(forest), forest.apply(rows), labels, weights, 3)
    np.testing.assert_allclose(trees.value.sum(axis=1), 1.0)
    assert (trees.value > 0.0).all(), "no leaf is certain"
    share = shares_of(trees, np.ascontiguousarray(rows.T).reshape(3, 8, 10)).reshape(3, -1)
    expected = np.bincount(labels, weights, 3) / weights.sum()
    np.testing.assert_allclose(share @ weights / weights.sum(), expected, atol=0.06)


@given(quota=st.integers(6, 500), seed=st.integers(0, 100))
@settings(max_examples=25, deadline=None)
def test_drawn_pixels_stand_for_all_judged_ones(quota: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    labels = np.zeros((18, 20), dtype=np.uint8)
    labels[3:6, 4:8], labels[12, 12] = 1, 2
    mask = Mask(labels, None, chance.random((18, 20)) < 0.7)
    assert mask.judged is not None
    where, weights = pixels_drawn(mask, quota, chance)
    assert len(set(where.tolist())) == len(where) <= max(quota, 4)
    assert mask.judged.ravel()[where].all()
    for k in range(3):
        standing = weights[labels.ravel()[where] == k].sum()
        np.testing.assert_allclose(standing, (mask.judged & (labels == k)).sum())


def test_nothing_is_drawn_where_nothing_is_judged() -> None:
    mask = Mask(np.zeros((5, 5), dtype=np.uint8), None, np.zeros((5, 5), dtype=np.bool_))
    where, weights = pixels_drawn(mask, 10, np.random.default_rng(0))
    assert len(where) == len(weights) == 0


def test_features_tell_a_ridge_from_an_edge_in_millimetres() -> None:
    """A plane's slope is the same along fine and coarse axes; a ridge has one large eigenvalue."""
    spacing = (2.0, 1.0)
    features = PixelFeatures(1, spacing)
    rows, columns = np.indices((24, 48))
    first = features.count(0) + 5  # of the second scale
    slopes = []
    for plane in (rows * spacing[0], columns * spacing[1]):
        stack = features.of((plane[None] / 20.0).astype(np.float32)).pixels
        slopes.append(stack[first + 1, 12, 24])
        assert np.abs(stack[first + 2 : first + 5, 12, 24].astype(float)).max() < 2e-3
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=0.02)
    np.testing.assert_allclose(slopes[0], WIDTHS[1] / 20.0, rtol=0.02)
    ridge = np.exp(-(((columns - 24.0) / 2.0) ** 2))
    stack = features.of(ridge[None].astype(np.float32)).pixels.astype(float)
    laplacian, larger, smaller = stack[first + 2 : first + 5, 12, 24]
    assert smaller < -0.2
    assert abs(larger) < 0.01
    np.testing.assert_allclose(laplacian, larger + smaller, atol=1e-2)


def test_places_run_from_end_to_end_and_scales_come_last() -> None:
    features = PixelFeatures(3, (1.0, 1.0, 1.0))
    stack = features.of(np.random.default_rng(0).normal(size=(3, 4, 5, 6)).astype(np.float32)).pixels
    assert stack.shape == (features.count(len(WIDTHS)), 4, 5, 6)
    assert features.count(0) == 6
    assert features.count(2) - features.count(1) == 3 * 6
    for axis in range(3):
        ends = np.moveaxis(stack[3 + axis], axis, 0)
        assert (ends[0] == -1.0).all()
        assert (ends[-1] == 1.0).all()


def test_the_forest_learns_vessels_better_than_chance() -> None:
    recipe = PixelForest(FLAT, FLAT_PLAN)
    model, record = recipe.fit({**recipe.defaults, "scales": 3, "smoothing": 0.0}, eyes(4), [], seed=1)
    new = eyes(2, start=60)
    told = model.predict([sample.predictors for sample in new])
    assert FLAT.loss([sample.outcome for sample in new], told) < 0.5
    assert record["features"] == 3 + 2 + 3 * 3 * 5
    calm = replace(model, smoothing=1.5).predict([sample.predictors for sample in new])
    assert np.abs(np.diff(calm[0].shares.astype(float))).mean() < np.abs(np.diff(told[0].shares.astype(float))).mean()


@pytest.mark.parametrize("wrong", ["before its parent", "beyond the tree", "a column that is not there"])
def test_arrays_that_are_no_trees_are_refused_before_compiled_code_follows_them(wrong: str) -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(60, 3)).astype(np.float32)
    trees = Trees.of(RandomForestClassifier(2, random_state=0).fit(rows, rows[:, 0] > 0))
    children, feature = trees.children.copy(), trees.feature.copy()
    inner = int(np.flatnonzero(children[:, 0] != np.arange(len(children)))[1])
    if wrong == "before its parent":
        children[inner, 0] = 0
    elif wrong == "beyond the tree":
        children[inner, 1] = len(children) + 5
    else:
        feature[inner] = 7
    with pytest.raises(ModelError):
        list(replace(trees, children=children, feature=feature).leaves(rows))
