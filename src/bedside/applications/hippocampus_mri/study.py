"""Can anterior and posterior hippocampus be outlined in T1 scans as well as they were traced by hand?"""

from pathlib import Path

from bedside.comparators.atlas import MOST, MultiAtlas
from bedside.comparators.pixel_forest import TREES, PixelForest
from bedside.data.cohort import Cohort
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import Holdout
from bedside.endpoints.mask.head import MaskHead
from bedside.endpoints.mask.kind import mask
from bedside.endpoints.mask.mask import Delineated
from bedside.endpoints.mask.outline import Outline
from bedside.endpoints.mask.segmentation import Segmentation
from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.intensity import Intensity
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.outlines.record import OutlinedRecord
from bedside.modalities.imaging.windows.derived import Derived
from bedside.modalities.imaging.windows.follow import outlined
from bedside.modalities.imaging.windows.trunk import WindowTrunk
from bedside.networks.convolutional.decoder import Decoded
from bedside.networks.convolutional.unet import UNet
from bedside.sources.decathlon_hippocampus import PARTS, DecathlonHippocampusParts
from bedside.study.declare import Study
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.tuned import Tuned
from bedside.training.windows import Windows
from bedside.types import PatientId, SampleId

TRIALS = 2
PLAN = Derived(orientation="RAS", scale="image")
AUGMENT = Augmentations(
    (
        Geometric(rotate=15.0, scale=0.15, shift=0.06, elastic=0.05, follow=outlined),
        Intensity(brightness=0.15, contrast=0.2, gamma=0.2, noise=0.05),
    )
)


def study(
    *, epochs: int = 20, trees: int = TREES, atlases: int = MOST
) -> Study[OutlinedRecord, Readable, Delineated, Segmentation]:
    """The study, declared before any result is seen; tests train shorter and smaller."""
    endpoint = mask(tuple(PARTS.values()), tolerance_mm=1.0, review_below=0.8)

    def tuned(recipe: Recipe[Readable, Delineated, Segmentation]) -> Tuned[Readable, Segmentation]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    network = Network(
        endpoint=endpoint,
        trunk=WindowTrunk(PLAN, Decoded(UNet(width=0.5))),
        head=MaskHead,
        way=Windows(per_case=1),
        name="u_net",
        label="U-Net on volumes",
        loop=Loop(epochs=epochs, schedule="cosine", ema=0.99, batch=4),
        augment=AUGMENT,
        members=1,
        chunk=4,
    )
    return Study(
        name="hippocampus_mri",
        title="Anterior and posterior hippocampus in T1 scans",
        question="Where are the anterior and the posterior hippocampus in a crop of a T1-weighted scan?",
        intended_use="For research: outlines to be looked at and corrected by whoever measures hippocampi.",
        source=DecathlonHippocampusParts(),
        cohort=Cohort(
            eligibility="Crops of T1 scans of healthy adults and adults with a psychotic disorder at one centre.",
            outcome="Anterior and posterior hippocampus as traced by hand on the same scan.",
            horizon="On the same scan.",
            draw=draw,
        ),
        modality=imaging(),
        endpoint=endpoint,
        model=tuned(network),
        comparators=(tuned(MultiAtlas(endpoint, PLAN, most=atlases)), tuned(PixelForest(endpoint, PLAN, trees=trees))),
        validations=(Holdout(development=0.6, tuning=0.2, test=0.2, mode="held_out"),),
        primary_comparator="atlas",
        trials=TRIALS,
        identity="unknown: left and right hippocampi of one person are two crops without identifiers",
        folder=Path(__file__).parent,
        limits=(
            "Crops are made around the tracing: the hippocampus fills a known part of each.",
            "Left and right crops of one person may stand on two sides of the division.",
            "One scanner, one protocol, one group of raters; what a second rater would have drawn is not known.",
            "A single holdout of 52 crops: the interval says how little that is.",
        ),
        origin="hippocampus_mri",
    )


def draw(record: OutlinedRecord) -> list[Sample[Readable, Delineated] | Excluded]:
    """One crop gives one sample; one without a tracing is excluded."""
    patient = PatientId(record.patient or record.key)
    if record.outlines is None:
        return [Excluded("not traced", patient, record.image)]
    return [Sample(SampleId(record.key), patient, record.image, Outline(record.outlines))]
