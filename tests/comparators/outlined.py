"""Small images with outlines, for conventional ways to outline structures."""

from typing import Any

import numpy as np

from bedside.data.sample import Sample
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Mask
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.outlines.simulate import two_parts, vessels
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.windows.plan import WindowPlan
from bedside.types import PatientId, SampleId

FLAT = mask(("vessel",), tolerance_pixels=1.0)
PARTS = mask(("front", "rear"), tolerance_mm=1.0)
WHOLE = mask(("body",), tolerance_mm=1.0)

FLAT_PLAN = WindowPlan(ImagePlan(size=(32, 32), channels=3))
SOLID_PLAN = WindowPlan(ImagePlan(size=(8, 8, 8), spacing=(1.5, 1.0, 1.5), orientation="RAS", scale="image"))


def eyes(n: int, *, start: int = 0, size: int = 32, judged: bool = True) -> list[Sample[Readable, Any]]:
    """Eye grounds with their vessels."""
    found: list[Sample[Readable, Any]] = []
    for k in range(start, start + n):
        image, first, field, _ = vessels(seed=k, size=size)
        drawn = Mask(first.labels.astype(np.uint8), None, field.labels > 0 if judged else None)
        found.append(Sample(SampleId(f"s{k:04}"), PatientId(f"p{k}"), image, drawn))
    return found


def bodies(n: int, *, start: int = 0, parts: bool = True) -> list[Sample[Readable, Any]]:
    """Small volumes with a body of two parts, or of one."""
    found: list[Sample[Readable, Any]] = []
    for k in range(start, start + n):
        image, drawn = two_parts(millilitres=0.8 + 0.1 * (k % 4), seed=k, size=(16, 22, 15))
        assert drawn.geometry is not None
        labels = drawn.labels if parts else np.minimum(drawn.labels, 1)
        outcome = Mask(labels.astype(np.uint8), drawn.geometry.spacing)
        found.append(Sample(SampleId(f"s{k:04}"), PatientId(f"p{k}"), image, outcome))
    return found
