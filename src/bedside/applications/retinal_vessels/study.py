"""Does a U-Net outline the vessels of the eye ground as a second observer does?"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bedside.comparators.pixel_forest import TREES, PixelForest
from bedside.comparators.recorded import Recorded
from bedside.comparators.ridges import Frangi
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Predefined
from bedside.endpoints.mask.head import MaskHead
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.outline import Outline
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.colour import ColourJitter
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.intensity import Intensity
from bedside.modalities.imaging.image import Image, Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.outlines.label_map import Outlined
from bedside.modalities.imaging.outlines.record import OutlinedRecord
from bedside.modalities.imaging.windows.derived import Derived
from bedside.modalities.imaging.windows.follow import outlined
from bedside.modalities.imaging.windows.trunk import WindowTrunk
from bedside.networks.convolutional.decoder import Decoded
from bedside.networks.convolutional.unet import UNet
from bedside.sources.drive import VESSEL, Drive
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.training.windows import Windows
from bedside.types import PatientId, SampleId

TRIALS = 2
PLAN = Derived(channels=3, resample=False, scale="image", pixels=128 * 128)
AUGMENT = Augmentations(
    (
        Geometric(flips=(0, 1), rotate=45.0, scale=0.2, elastic=0.05, follow=outlined),
        Intensity(brightness=0.15, contrast=0.2),
        ColourJitter(hue=8.0, saturation=0.15, cast=0.05),
    )
)


@dataclass(frozen=True, eq=False)
class Photograph:
    """An eye ground, with what a second observer drew in it.

    Attributes:
        image: What learners see.
        second: None where the second observer drew nothing: the photographs to learn from.
    """

    image: Readable
    second: Outlined | None

    def read(self) -> Image:
        """The photograph alone."""
        return self.image.read()


def study(*, epochs: int = 15, trees: int = TREES) -> Study[OutlinedRecord, Readable, Delineated, Segmentation]:
    """The study, declared before any result is seen; tests train shorter and smaller."""
    endpoint = mask(tuple(VESSEL.values()), tolerance_pixels=1.0, review_below=0.7)

    def tuned(recipe: Recipe[Readable, Delineated, Segmentation]) -> Tuned[Readable, Segmentation]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    network = Network(
        endpoint=endpoint,
        trunk=WindowTrunk(PLAN, Decoded(UNet(width=0.5))),
        head=MaskHead,
        way=Windows(per_case=16, foreground=0.0),
        name="u_net",
        label="U-Net",
        loop=Loop(epochs=epochs, schedule="cosine", ema=0.99, batch=8),
        augment=AUGMENT,
        chunk=8,
    )
    return Study(
        name="retinal_vessels",
        title="Vessels of the eye ground",
        question="Where are the vessels in a photograph of the eye ground?",
        intended_use="For research: a first step of measuring vessels. It finds no disease.",
        source=Drive(),
        cohort=Cohort(
            eligibility="Photographs of a screening of people with diabetes in the Netherlands, 25 to 90 years old.",
            outcome="Vessels as the first observer drew them, within the field of view.",
            horizon="On the same photograph.",
            draw=draw,
        ),
        modality=replace(imaging(), beside=drawn_beside),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(
            tuned(
                Recorded(
                    "second_observer",
                    "Second observer",
                    second_observer,
                    "A second person's drawing of the test photographs. There is none of the photographs that learners "
                    "were fitted on, where this observer counts as having drawn nothing.",
                )
            ),
            tuned(Frangi(endpoint, PLAN)),
            tuned(PixelForest(endpoint, PLAN, trees=trees)),
        ),
        validations=(Predefined(),),
        primary_comparator="second_observer",
        show_cases=False,
        trials=TRIALS,
        minimum_group=5,
        identity="unknown: whether two photographs are of one person is not told",
        folder=Path(__file__).parent,
        limits=(
            "20 photographs to learn from and 20 to judge: intervals are wide.",
            (
                "A model learns the habit of the first observer, who drew the reference. To come closer to it than the "
                "second observer does is no proof of seeing more."
            ),
            "The second observer drew the test photographs only, and knew no other cases of this study.",
            "One camera, one field of view; few photographs with disease.",
        ),
        origin="retinal_vessels",
    )


def draw(record: OutlinedRecord) -> list[Sample[Readable, Delineated] | Excluded]:
    """One photograph gives one sample."""
    patient = PatientId(record.patient or record.key)
    if record.outlines is None:
        return [Excluded("vessels not drawn", patient, Photograph(record.image, None))]
    outcome = Outline(record.outlines, record.judged)
    photograph = Photograph(record.image, record.second)
    return [Sample(SampleId(record.key), patient, photograph, outcome, attributes=dict(record.attributes))]


def drawn_beside(image: Readable) -> bytes:
    """The second observer's drawing: readings of record are repeated from it."""
    second = image.second if isinstance(image, Photograph) else None
    return b"" if second is None else second.read().labels.tobytes()


def second_observer(image: Readable) -> Segmentation:
    """What was drawn in a photograph, or nothing."""
    second = image.second if isinstance(image, Photograph) else None
    if second is None:
        return Segmentation(np.zeros((1, *image.read().size), dtype=np.uint8))
    return Segmentation.drawn(second.read().labels.astype(np.uint8), 1)
