"""Pictures with a bright or dark blob that decides the class, and networks that look at it or at nothing."""

from functools import cache
from typing import Any, cast

import numpy as np
import torch

from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.continuous.kind import continuous
from bedside.endpoints.endpoint import Endpoint
from bedside.explain.explainer import Subject
from bedside.explain.images.method import networks
from bedside.modalities.imaging.image import Image, Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.networks.convolutional.compact import Compact
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.types import Booleans, PatientId, SampleId

BINARY = binary(positive="bright", negative="dark")
CONTINUOUS = continuous(unit="cd", name="brightness")
SIZE = {2: (20, 20), 3: (10, 10, 10)}
RADIUS = 2


def blobs(n: int, seed: int, dimensions: int = 2, *, number: bool = False) -> list[Sample[Readable, Any]]:
    """Noise with one bright or dark cube somewhere; the outcome is which of them, or how bright."""
    rng = np.random.default_rng(seed)
    size = SIZE[dimensions]
    found: list[Sample[Readable, Any]] = []
    for k in range(n):
        centre = rng.integers(RADIUS, np.array(size) - RADIUS)
        level = rng.uniform(-1.0, 1.0) if number else rng.choice([-1.0, 1.0])
        pixels = rng.normal(120.0, 10.0, (1, *size))
        pixels[0][cube(centre)] += 80.0 * level
        image = Image(pixels.clip(0, 255).astype(np.uint8))
        key = SampleId(f"secret-{seed}-{k}")
        found.append(Sample(key, PatientId(f"patient-{seed}-{k}"), image, float(level) if number else bool(level > 0)))
    return found


def cube(centre: Any) -> tuple[slice, ...]:
    return tuple(slice(int(c) - RADIUS, int(c) + RADIUS + 1) for c in centre)


def inside(sample: Sample[Readable, Any]) -> Booleans:
    """Where the blob of a picture is, found again as the cube that differs most."""
    from scipy.ndimage import maximum_filter, uniform_filter

    pixels = np.abs(sample.predictors.read().pixels[0].astype(float) - 120.0)
    smooth = uniform_filter(pixels, 2 * RADIUS + 1, mode="constant")
    found = np.zeros(pixels.shape, dtype=np.bool_)
    found[np.unravel_index(smooth.argmax(), smooth.shape)] = True
    return np.asarray(maximum_filter(found, 2 * RADIUS + 1), dtype=np.bool_)


def recipe(endpoint: Endpoint[Any, Any], dimensions: int, epochs: int = 6) -> Network[Readable, Any]:
    head: Any = BinaryHead if endpoint is BINARY else ContinuousHead
    trunk = ImageTrunk(ImagePlan(size=SIZE[dimensions]), Compact(width=0.35))
    return Network(endpoint=endpoint, trunk=trunk, head=head, members=1, loop=Loop(epochs=epochs), name="network")


@cache
def subject(dimensions: int = 2, *, number: bool = False, blind: bool = False) -> Subject[Readable, Any]:
    """A network fitted on blobs; a blind one gives what it sees no weight."""
    endpoint: Endpoint[Any, Any] = CONTINUOUS if number else BINARY
    cases = blobs(200, 1, dimensions, number=number)
    development, tuning = cases[:120], Tuning(selection=cases[120:160], calibration=cases[160:])
    learner = Tuned(recipe(endpoint, dimensions, epochs=1 if blind else 10), endpoint, trials=1)
    fit = learner.fit(development, tuning, seed=1)
    if blind:
        for member in networks(fit.fitted):
            torch.nn.init.zeros_(cast("BinaryHead", member.model.head).layer.weight)
    return Subject(learner, fit, endpoint, development, (*tuning.selection, *tuning.calibration))
