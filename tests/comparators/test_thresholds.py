"""Otsu's thresholds and Frangi's ridges: the channel, the direction and the cut are learned."""

from typing import Any

import numpy as np
import pytest
from skimage.filters import threshold_otsu

from bedside.comparators.ridges import Frangi
from bedside.comparators.thresholds import Otsu, otsu
from bedside.data.sample import Sample
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Mask
from bedside.modalities.imaging.image import Image, Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.types import PatientId, SampleId

ENDPOINT = mask(("thing",), tolerance_pixels=1.0)
PLAN = WindowPlan(ImagePlan(size=(24, 24), channels=2))


def samples(n: int, *, channel: int, bright: bool, line: bool = False, start: int = 0) -> list[Sample[Readable, Any]]:
    """A square, or a line, in one channel; noise in the other."""
    found: list[Sample[Readable, Any]] = []
    for k in range(start, start + n):
        chance = np.random.default_rng(k)
        labels = np.zeros((24, 24), dtype=np.uint8)
        place = int(chance.integers(5, 16))
        labels[(slice(None), slice(place, place + 2)) if line else (slice(4, 14), slice(place, place + 7))] = 1
        pixels = chance.normal(100.0, 8.0, (2, 24, 24))
        pixels[channel] += (60.0 if bright else -60.0) * labels
        image = Image(np.clip(pixels, 0, 255).astype(np.uint8))
        found.append(Sample(SampleId(f"s{k:03}"), PatientId(f"p{k}"), image, Mask(labels)))
    return found


@pytest.mark.parametrize("bright", [True, False])
@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("line", [True, False])
def test_channel_and_direction_are_learned(line: bool, channel: int, bright: bool) -> None:
    recipe: Any = Frangi(ENDPOINT, PLAN) if line else Otsu(ENDPOINT, PLAN)
    model, record = recipe.fit(recipe.defaults, samples(3, channel=channel, bright=bright, line=line), [], seed=0)
    assert record["channel"] in (channel + 1, *(() if line else ("mean of all",)))
    assert record["direction"] == ("bright" if bright else "dark")
    new = samples(3, start=50, channel=channel, bright=bright, line=line)
    told = model.predict([sample.predictors for sample in new])
    assert ENDPOINT.loss([sample.outcome for sample in new], told) < 0.3


def test_thresholds_are_those_of_scikit_image() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(k, 0.3, 400) for k in (0, 3)]).astype(np.float32)
    (cut,) = otsu(values, 2) or ()
    assert cut == pytest.approx(threshold_otsu(values, nbins=128), abs=0.1)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(("values", "classes", "count"), [([1, 1, 1], 2, 0), ([], 2, 0), ([0, 0, 1], 4, 1)])
def test_images_of_few_values_have_few_thresholds(values: list[float], classes: int, count: int) -> None:
    found = otsu(np.array(values, dtype=np.float32), classes)
    assert (0 if found is None else len(found)) == count
