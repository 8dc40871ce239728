"""The random survival forest is scikit-survival's, and needs it only to be grown."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.comparators.timed_cohorts import SCHEMA, cohort

from bedside.comparators.survival_forest import SurvivalForest
from bedside.endpoints.time_to_event.outcome import times_of
from bedside.stats.times import Times

pytest.importorskip("sksurv", reason="scikit-survival is an extra")


def test_the_forest_is_scikit_survivals() -> None:
    """Its cumulative hazards at every time of an event, though it kept none of them."""
    from scipy.sparse import csr_array
    from sksurv.ensemble import RandomSurvivalForest
    from sksurv.util import Surv

    import bedside.comparators.survival_forest as module

    count = 30
    found = cohort(250, 10, missing=False)
    exact = times_of([sample.outcome for sample in found.samples])
    times = Times.of(np.ceil(exact.time), exact.event)
    x, grid = found.x.astype(np.float32), np.unique(np.ceil(exact.time)[exact.event == 1])
    expected = RandomSurvivalForest(
        n_estimators=count,
        min_samples_leaf=6,
        min_samples_split=12,
        max_features=0.5,
        max_samples=250,
        random_state=3,
    ).fit(x, Surv.from_arrays(times.event == 1, times.time))
    settings = {"leaf_cases": 6, "feature_fraction": 0.5, "trees": count}
    trees = module._grown(x, times, 1, grid, settings, 3)
    hazards = expected.predict_cumulative_hazard_function(x, return_array=True)
    at = np.searchsorted(expected.unique_times_, grid)
    np.testing.assert_allclose(trees.mean(csr_array(x)), hazards[:, at], atol=1e-5)


def test_classes_of_times_keep_who_is_at_risk() -> None:
    import bedside.comparators.survival_forest as module

    time = np.array([1.0, 1.5, 2.0, 2.0, 0.5, 3.0])
    had = np.array([True, False, True, False, False, True])
    told = module.in_classes(time, had)
    for k in np.flatnonzero(had):
        np.testing.assert_array_equal(told >= told[k], time >= time[k])
    many = np.random.default_rng(0).exponential(size=5_000)
    classes = module.in_classes(many, np.ones(5_000, dtype=np.bool_))
    assert np.unique(classes).size == module.MOMENTS
    assert np.ptp(np.bincount(classes.astype(int))[2:]) <= 2


def test_as_many_trees_are_grown_as_are_declared() -> None:
    found = cohort(120, 11)
    recipe = SurvivalForest(found.endpoint, SCHEMA, trees=7)
    model, _ = recipe.fit(recipe.defaults, found.samples, [], seed=1)
    assert [len(one.roots) for one in model.trees] == [7] * len(model.trees)
    assert "forest of 7 trees" in recipe.description


def test_a_stored_forest_needs_no_scikit_survival(tmp_path: Path) -> None:
    found = cohort(120, 11)
    model, _ = SurvivalForest(found.endpoint, SCHEMA).fit(SurvivalForest.defaults, found.samples, [], seed=1)
    model.save(tmp_path)
    np.save(tmp_path / "told.npy", np.array(model.predict(found.cases)))
    script = (
        "import sys; sys.modules['sksurv'] = None\n"
        "import numpy as np\nfrom pathlib import Path\n"
        "from tests.comparators.timed_cohorts import cohort, SCHEMA\n"
        "from bedside.comparators.survival_forest import SurvivalForest\nfrom bedside.errors import ModelError\n"
        "found = cohort(120, 11)\nrecipe = SurvivalForest(found.endpoint, SCHEMA)\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "told = np.array(recipe.load(folder).predict(found.cases))\n"
        "np.testing.assert_array_equal(told, np.load(folder / 'told.npy'))\n"
        "try:\n    recipe.fit(recipe.defaults, found.samples, [], seed=1)\n"
        "except ModelError as error:\n    assert \"pip install 'bedside[survival]'\" in str(error)\n"
        "else:\n    raise SystemExit(1)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
