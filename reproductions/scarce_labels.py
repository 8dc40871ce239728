"""How many labels a network for chest X-rays needs, from scratch and after learning from images without labels.

python reproductions/scarce_labels.py [--seed N] [--out FOLDER]

Only the 4,708 published development images are used: the published test partition was judged once, by the study
pneumonia_xray, and the network was chosen on the published tuning images. A random 30 % are judged here; of the others
50 to all give their labels, and all of them are what the pretrained network has seen without labels. It is the study's
network at half its width, so that the run ends in minutes.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from beside import RESULTS, SEED, contrasted, show

from bedside.applications.pneumonia_xray.study import PLAN
from bedside.applications.pneumonia_xray.study import draw as every_image
from bedside.cli.terminal import progress
from bedside.comparators.support_vectors import SupportVectorMachine
from bedside.data.cohort import Cohort
from bedside.data.files import data_root
from bedside.data.patients import group
from bedside.data.sample import Excluded, Sample
from bedside.data.validation import LearningCurve
from bedside.data.validation.division import everyone_but
from bedside.data.validation.holdout import held_out
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.binary.operating import AtSensitivity
from bedside.evidence.schema import Evidence
from bedside.modalities.imaging.augment.augmentations import Augmentations
from bedside.modalities.imaging.augment.geometric import Geometric
from bedside.modalities.imaging.augment.intensity import Intensity
from bedside.modalities.imaging.augment.standard import standard
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.modality import imaging
from bedside.modalities.imaging.record import ImageRecord
from bedside.modalities.imaging.trunk import ImageTrunk, PreparedImages
from bedside.networks.convolutional.compact import Compact
from bedside.networks.encoder import Batches, Encoder, Prepared, Values
from bedside.networks.range import Range
from bedside.report.page import write_report
from bedside.sources.medmnist import PNEUMONIA
from bedside.stats.compare import holm
from bedside.stats.delong import delong_test
from bedside.study.declare import Study
from bedside.study.run import run
from bedside.training.elsewhere import Elsewhere
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.pretrained import Pretrained
from bedside.training.tuned import Tuned
from bedside.types import Json

NAME = "scarce_labels"
LABELS = (50, 100, 200, 500)
PRIMARY = 100
"""Labels of the one pre-specified contrast."""
JUDGED = 0.3
TRIALS = 2

PRETRAINED, SCRATCH, SIMPLE = "pretrained_network", "network_from_scratch", "support_vectors"
ORIGIN = "the other learner of this run, from the same labels, on the same images; intervals of differences are paired"


@dataclass(frozen=True, eq=False)
class FromArchive:
    """Weights that were learned once, from an archive without labels; every fit begins from the same.

    `Pretrained` by itself learns anew from each set of development cases; here the archive holds them all.
    """

    trunk: ImageTrunk
    archive: Sequence[Readable]
    learning: Pretrained

    @property
    def description(self) -> str:
        """For the methods section."""
        views = self.learning.views.description if self.learning.views is not None else "none"
        return (
            f"Its encoder first learned without outcomes, once for all fits, from {len(self.archive):,} images, "
            f"of which none is judged, by {self.learning.method.description} "
            f"({views}). {self.learning.loop.description}"
        )

    @property
    def elsewhere(self) -> Elsewhere:
        """The archive; the audit refuses judged images in it."""
        return Elsewhere("images without labels", predictors=self.archive)

    def space(self, space: Mapping[str, Range]) -> Mapping[str, Range]:
        """Every setting of the encoder held at its default."""
        return self.learning.space(space)

    def begin(
        self, encoder: Encoder[Any, Any], settings: Values, prepared: Prepared[Any, Any], development: Batches[Any]
    ) -> Mapping[str, Json]:
        """Weights from the archive, whatever the labelled cases are."""
        del prepared, development
        own = self._prepared
        return self.learning.begin(encoder, settings, own, own.batches(self.archive))

    @cached_property
    def _prepared(self) -> PreparedImages:
        return self.trunk.prepare(self.archive)


def study(records: Sequence[ImageRecord], seed: int) -> Study[ImageRecord, Readable, bool, float]:
    """The study, declared before any result is seen; the records decide only who is judged and what the archive is."""
    endpoint = binary(positive="pneumonia", negative="normal", operating=AtSensitivity(0.95), net_benefit=(0.05, 0.5))
    copies = _copies(records)

    def draw(record: ImageRecord) -> list[Sample[Readable, bool] | Excluded]:
        (drawn,) = every_image(record)
        if record.attributes["partition"] != "train":
            return [Excluded("published tuning or test image, not used here", drawn.patient)]
        return [Excluded("copy of another image", drawn.patient)] if record.key in copies else [drawn]

    samples = [one for record in records for one in draw(record) if isinstance(one, Sample)]
    patients = group(samples, endpoint.stratum)
    others = everyone_but(patients, held_out(patients, JUDGED, seed))
    archive = [samples[k].predictors for k in patients.samples(others).tolist()]
    trunk = ImageTrunk(PLAN, Compact(width=0.5))

    def tuned(recipe: Recipe[Readable, bool, float]) -> Tuned[Readable, float]:
        return Tuned(recipe, endpoint, trials=TRIALS)

    def network(name: str, label: str, start: FromArchive | None) -> Tuned[Readable, float]:
        return tuned(
            Network(
                endpoint=endpoint,
                trunk=trunk,
                head=BinaryHead,
                name=name,
                label=label,
                loop=Loop(epochs=60, batch=16),
                augment=standard(PLAN),
                chunk=256,
                start=start,
            )
        )

    views = Augmentations((Geometric(rotate=15.0, scale=0.25, shift=0.1), Intensity(brightness=0.3, contrast=0.3)))
    learning = Pretrained(views, loop=Loop(epochs=20, schedule="cosine", batch=128))
    return Study(
        name=NAME,
        title="Pneumonia on chest X-rays of children, with few labels",
        question="Does a network that learned from unlabelled chest X-rays need fewer labels to tell pneumonia?",
        intended_use="None: a comparison of ways to learn, on development images of another study.",
        source=PNEUMONIA,
        cohort=Cohort(
            eligibility="Published development images, each once.",
            outcome="Pneumonia or normal, as two physicians read the image.",
            horizon="At the same visit.",
            draw=draw,
        ),
        modality=imaging(),
        endpoint=endpoint,
        model=network(PRETRAINED, "Network, pretrained without labels", FromArchive(trunk, archive, learning)),
        comparators=(
            tuned(SupportVectorMachine(endpoint, PLAN)),
            network(SCRATCH, "Same network, from scratch", None),
        ),
        validations=(
            LearningCurve(
                name="few_labels",
                shares=(PRIMARY / others.size,),
                test=JUDGED,
                by_split=False,
                judges_once=True,
            ),
            LearningCurve(shares=(*(labels / others.size for labels in LABELS), 1.0), test=JUDGED),
        ),
        primary_measure="auroc",
        primary_comparator=SCRATCH,
        margin=0.01,
        trials=TRIALS,
        identity="the data hold no patient identifiers; each image is taken for another child",
        limits=(
            (
                "Some children have several images among these, and none is marked: labelled, unlabelled and judged "
                "images may show one child. All figures are too good for new children; the archive may gain most."
            ),
            "Labels were drawn once at each number: intervals tell of the judged images, not of other draws of labels.",
            "Judged images are development images of the study pneumonia_xray; whoever designed it has seen them.",
        ),
    )


def _copies(records: Sequence[ImageRecord]) -> frozenset[str]:
    """Keys of development images whose pixels an earlier one has."""
    own = [record for record in records if record.attributes["partition"] == "train"]
    seen: set[bytes] = set()
    found = set()
    for record, digest in zip(own, imaging().digest([record.image for record in own]), strict=True):
        if digest in seen:
            found.add(record.key)
        seen.add(digest)
    return frozenset(found)


def curve(evidence: Evidence) -> list[dict[str, Any]]:
    """AUROC of each learner at each number of labels, with its interval."""
    labels: dict[str, int] = {}
    for row in evidence.partitions:
        if row.validation == "learning_curve" and row.partition != "test":
            group = f"split={row.split}"
            labels[group] = labels.get(group, 0) + int(row.patients)
    return [
        {
            "labels": labels[row.group],
            "group": row.group,
            "learner": row.learner,
            "auroc": row.value,
            "low": row.low,
            "high": row.high,
            "method": row.method,
            "cases": row.cases,
            "patients": row.patients,
        }
        for row in evidence.performance
        if (row.validation, row.measure) == ("learning_curve", "auroc") and row.group in labels
    ]


def contrasts(predictions: Path, points: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The pretrained network minus each other learner at each number of labels; p adjusted over all (Holm)."""
    table = pq.read_table(predictions, filters=pc.field("validation") == "learning_curve").to_pandas()
    found: list[dict[str, Any]] = []
    for point in points:
        if point["learner"] == PRETRAINED:
            continue
        here = table[table["split"] == point["group"].removeprefix("split=")].set_index("sample")
        ours, theirs = (here[here["learner"] == name].sort_index() for name in (PRETRAINED, point["learner"]))
        if list(ours.index) != list(theirs.index):
            message = f"{PRETRAINED} and {point['learner']} judged different images with {point['labels']} labels"
            raise SystemExit(message)
        ill = ours[_only(table.columns, "outcome.")] > 0
        cell = _only(table.columns, "prediction.")
        told = delong_test(ours[cell], theirs[cell], ill)
        found.append({"labels": point["labels"], "comparator": point["learner"], **told._asdict()})
    adjusted = holm(np.array([row["p"] for row in found]))
    return [{**row, "p_adjusted": float(p)} for row, p in zip(found, adjusted, strict=True)]


def _only(columns: Sequence[str], prefix: str) -> str:
    (name,) = (name for name in columns if name.startswith(prefix))
    return name


def summary(points: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]]) -> str:
    """Differences to the network from scratch in words, and who ranked backwards."""
    told = [
        f"{row['labels']}: {row['value']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
        for row in differences
        if row["comparator"] == SCRATCH
    ]
    backwards = [
        f" {point['learner']} with {point['labels']} labels ranked backwards (AUROC {point['auroc']:.3f}): its "
        "regression on so few out-of-fold answers has the wrong sign, a failure of the comparator and no finding."
        for point in points
        if point["high"] < 0.5
    ]
    return f"AUROC pretrained minus from scratch by number of labels (95 %, paired): {'; '.join(told)}." + "".join(
        backwards
    )


def written(out: Path, declared: Study[Any, Any, Any, Any], evidence: Evidence, seed: int, seconds: float) -> Path:
    """Print what the run found and keep it."""
    points = curve(evidence)
    differences = contrasts(out / "predictions.parquet", points)
    result = {
        "study": NAME,
        "verdict": evidence.verdict,
        "seed": seed,
        "validation": next(v.description for v in evidence.validations if v.name == "learning_curve"),
        "lines": [asdict(line) for line in contrasted(points, differences, learner=PRETRAINED, origin=ORIGIN)],
        "curve": points,
        "contrasts": differences,
        "limits": list(declared.limits),
        "summary": summary(points, differences),
        "data_hash": evidence.provenance.data_hash,
        "code_hash": evidence.provenance.code_hash,
        "seconds_of_this_call": round(seconds, 1),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{NAME}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    show(result)
    return path


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/reproductions") / NAME, help="folder of the run")
    parser.add_argument("--seed", type=int, default=SEED, help="for looking at variation; the declared one by default")
    options = parser.parse_args()
    started = time.perf_counter()
    declared = study(list(PNEUMONIA.records(data_root())), options.seed)
    with progress() as bars:  # one process: all fits share one pretraining
        evidence = run(declared, out=options.out, seed=options.seed, jobs=1, progress=bars)
    seconds = time.perf_counter() - started
    page = write_report(options.out)
    path = written(options.out, declared, evidence, options.seed, seconds)
    print(f"\nreport: {page}\nresult: {path}")


if __name__ == "__main__":
    main()
