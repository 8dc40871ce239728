"""Small simulated radiographs and a small staged network, for tests of where weights begin and how they thaw."""

from typing import Any

from tests.training.cohorts import endpoint

from bedside.data.sample import Sample
from bedside.endpoints.binary.head import BinaryHead
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.simulate import radiograph
from bedside.modalities.imaging.trunk import ImageTrunk
from bedside.networks.convolutional.resnet import ResNet
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.types import PatientId, SampleId

BINARY = endpoint("binary")
PLAN = ImagePlan((20, 20))
TRUNK = ImageTrunk(PLAN, ResNet(blocks=(1, 1), width=0.125))


def radiographs(n: int, *, first: int = 0) -> list[Sample[Readable, bool]]:
    """As many patients, every second one ill, none of them in another range."""
    return [
        Sample(SampleId(str(k)), PatientId(str(k)), radiograph(ill=bool(k % 2), seed=k, size=20), bool(k % 2))
        for k in range(first, first + n)
    ]


def network(*, epochs: int = 2, trunk: ImageTrunk = TRUNK, **options: Any) -> Network[Readable, float]:
    loop = Loop(epochs=epochs, batch=32, warm_up=5)
    return Network(endpoint=BINARY, trunk=trunk, head=BinaryHead, members=1, **{"loop": loop, **options})


def fit(recipe: Network[Readable, float], *, cases: int = 32, seed: int = 3) -> tuple[Any, Any]:
    """Model and record, on as many development cases and 16 for selection."""
    return recipe.fit(recipe.defaults, radiographs(cases), radiographs(16, first=500), seed=seed)
