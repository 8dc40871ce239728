"""Conventional ways to outline structures on real images: what they are known to reach, and by what they reach it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.comparators.atlas import MultiAtlas
from bedside.comparators.pixel_forest import PixelForest
from bedside.comparators.ridges import Frangi
from bedside.data.sample import Sample
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Delineated, Mask
from bedside.endpoints.mask.overlap import overlap
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.outlines.record import OutlinedRecord
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.sources.decathlon_hippocampus import DecathlonHippocampusParts
from bedside.sources.drive import Drive
from bedside.training.learner import Recipe
from bedside.types import PatientId, SampleId

pytestmark = pytest.mark.slow

EYES = WindowPlan(ImagePlan(size=(64, 64), channels=3))
CROPS = WindowPlan(ImagePlan(size=(32, 32, 32), spacing=(1.0, 1.0, 1.0), orientation="RAS", scale="image"))

Cases = list[Sample[Readable, Delineated]]


def cases(records: list[OutlinedRecord]) -> Cases:
    found: Cases = []
    for record in records:
        assert record.outlines is not None
        image, labels = record.image.read(), record.outlines.read().labels.astype(np.uint8)
        judged = None if record.judged is None else record.judged.read().labels > 0
        spacing = None if image.geometry is None else image.geometry.spacing
        key = record.key
        found.append(Sample(SampleId(key), PatientId(key), image, Mask(labels, spacing, judged)))
    return found


def dice(recipe: Recipe[Readable, Any, Segmentation], development: Cases, new: Cases) -> tuple[list[float], Any]:
    """Mean Dice of each structure with default settings, and the record of the fit."""
    model, record = recipe.fit(recipe.defaults, development, [], seed=1)
    told = model.predict([sample.predictors for sample in new])
    pairs = zip(new, told, strict=True)
    each = np.mean([overlap(sample.outcome.read(), one).dice for sample, one in pairs], axis=0)
    return each.tolist(), record


def test_vessels_of_the_retina(public_data: Path) -> None:
    """Published: about 0.75 for unsupervised filters, 0.78 to 0.80 for forests, 0.79 for a second observer."""
    records = list(Drive().records(public_data))
    development, new = cases(records[:3]), cases(records[20:22])
    endpoint = mask(("vessel",), tolerance_pixels=1.0)
    (ridges,), record = dice(Frangi(endpoint, EYES), development, new)
    assert (record["channel"], record["direction"]) == (2, "dark"), "vessels stand out dark in green"
    assert record["looked_at"] == "a bright field that the image shows"
    assert ridges > 0.68
    (forest,), _ = dice(PixelForest(endpoint, EYES), development, new)
    assert forest > max(0.75, ridges)


def test_parts_of_the_hippocampus(public_data: Path) -> None:
    records = [one for one in DecathlonHippocampusParts().records(public_data) if one.outlines is not None]
    development, new = cases(records[:8]), cases(records[100:104])
    endpoint = mask(("anterior", "posterior"), tolerance_mm=1.0)
    atlas, _ = dice(MultiAtlas(endpoint, CROPS), development, new)
    assert min(atlas) > 0.65
    forest, _ = dice(PixelForest(endpoint, CROPS), development, new)
    assert min(forest) > 0.55
