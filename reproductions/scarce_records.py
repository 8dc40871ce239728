"""How many labels a network on events needs, from scratch and after learning from histories without outcomes.

python reproductions/scarce_records.py [--seed N] [--draws N]

Stays of set a of PhysioNet 2012 alone: set b judges the study icu_mortality and is never opened here. A random 30 % are
judged; of the others 100 to 1,000 give their labels, several times over, and the histories of all of them are what the
network has learned from without outcomes, once. It is the study's network at its default settings, on one processor, so
that the run ends in minutes; a fifth of the labels stop its training.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from beside import RESULTS, SEED, contrasted, show

from bedside.applications.icu_mortality.study import STAYS, draw
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.window_summaries import WindowSummaries
from bedside.data.files import cache_root, data_root, locate
from bedside.data.sample import Sample
from bedside.data.source import DataFile
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.kept import kept
from bedside.modalities.records.forecast import Forecast
from bedside.modalities.records.history import History
from bedside.modalities.records.modality import digests
from bedside.modalities.records.readers.physionet_2012 import PhysioNet2012, outcomes
from bedside.networks.sequences.summarised import BagOfEvents
from bedside.sources.physionet_2012 import DrawnStays, Stays2012
from bedside.stats.delong import delong_covariance
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.training.pretrained import Pretrained
from bedside.training.seeds import derive
from bedside.types import Floats

NAME = "scarce_records"
LABELS = (100, 300, 1_000)
PRIMARY = 300
"""Labels of the one pre-specified contrast."""
JUDGED, STOPPING, DRAWS = 0.3, 0.2, 3

PRETRAINED, SCRATCH, SIMPLE = "pretrained_network", "network_from_scratch", "elastic_net"
ENDPOINT = binary(positive="died", negative="left alive")
ORIGIN = "the other learner of this run, from the same labels, on the same stays; intervals of differences are paired"

Stay = Sample[History, bool]


@dataclass(frozen=True)
class SetA(Stays2012):
    """Set a alone."""

    name: str = "physionet_2012_set_a"
    files: tuple[DataFile, ...] = tuple(file for file in Stays2012().files if "-a." in file.path)

    def tables(self, root: Path) -> tuple[EventFolder, pl.DataFrame]:
        """Events and outcomes; no file of set b is opened."""
        with TemporaryDirectory(prefix="bedside-") as name:
            folder = Path(name)
            for file in self.files:
                path = locate(file, root)
                (folder / path.name).symlink_to(path.resolve())
            contents = [file.checksum for file in self.files]
            return kept(self.name, contents, lambda: PhysioNet2012(folder), cache_root()), outcomes(folder)


def learners(archive: Sequence[History]) -> dict[str, Recipe[History, bool, float]]:
    """The network twice, and the simple model beside it."""
    network = Network(
        endpoint=ENDPOINT,
        trunk=RecordTrunk(BagOfEvents()),
        head=BinaryHead,
        name=SCRATCH,
        label="Network on events, from scratch",
        loop=Loop(epochs=30, batch=64),
        members=1,
    )
    start = Pretrained(
        unlabelled=archive,
        method=Forecast(hours=12.0),
        loop=Loop(epochs=20, schedule="cosine", batch=128),
        once=True,
    )
    pretrained = replace(
        network, name=PRETRAINED, label="Same network, after learning from histories without outcomes", start=start
    )
    summaries = WindowSummaries(partial(ElasticNet, ENDPOINT), SIMPLE, "Logistic regression on summaries")
    return {PRETRAINED: pretrained, SCRATCH: network, SIMPLE: summaries}


def parts(stays: Sequence[Stay], labels: int, seed: int) -> tuple[list[Stay], list[Stay]]:
    """So many stays drawn at random: those to learn from, and those that stop training, alike in outcome."""
    order = np.random.default_rng(derive(seed, "labels")).permutation(len(stays))[:labels]
    drawn = [stays[place] for place in order.tolist()]
    apart = round(1 / STOPPING)
    learned: list[Stay] = []
    stopping: list[Stay] = []
    for died in (False, True):
        alike = [one for one in drawn if one.outcome is died]
        for place, one in enumerate(alike):
            (stopping if place % apart == apart - 1 else learned).append(one)
    return learned, stopping


def division(stays: Sequence[Stay], seed: int) -> tuple[list[Stay], list[Stay]]:
    """(judged, others), by chance."""
    order = np.random.default_rng(derive(seed, "judged")).permutation(len(stays)).tolist()
    count = round(JUDGED * len(stays))
    return [stays[place] for place in order[:count]], [stays[place] for place in order[count:]]


def measured(stays: Sequence[Stay], seed: int, draws: int) -> tuple[dict[tuple[int, str], Floats], list[bool], Any]:
    """Predictions of the judged stays by number of labels and learner, one row a draw; outcomes; the pretraining."""
    judged, others = division(stays, seed)
    archive = [one.predictors for one in others]
    cases = [one.predictors for one in judged]
    if both := set(digests(archive)) & set(digests(cases)):
        message = f"{len(both)} judged histories are also learned from"
        raise SystemExit(message)
    told: dict[tuple[int, str], list[list[float]]] = {}
    begun: dict[str, Any] = {}
    recipes = learners(archive)
    for labels in LABELS:
        for place in range(draws):
            learned, stopping = parts(others, labels, derive(seed, place))
            for name, recipe in recipes.items():
                fitted, record = recipe.fit(recipe.defaults, learned, stopping, seed=derive(seed, place, labels))
                told.setdefault((labels, name), []).append(list(fitted.predict(cases)))
                begun |= {key: value for key, value in record.items() if key.startswith("start")}
            print(f"{labels} labels, draw {place + 1} of {draws}: {time.process_time():.0f} s of processor", flush=True)
    return {key: np.array(rows) for key, rows in told.items()}, [one.outcome for one in judged], begun


def curve(told: Mapping[tuple[int, str], Floats], died: Sequence[bool]) -> list[dict[str, Any]]:
    """AUROC of each learner at each number of labels: the mean over draws, and each of them."""
    found = []
    for (labels, name), scores in told.items():
        value, low, high, each = combined({(labels, name): scores}, died, {name: 1.0})
        found.append({"labels": labels, "learner": name, "auroc": value, "low": low, "high": high, "draws": each})
    return found


def contrasts(told: Mapping[tuple[int, str], Floats], died: Sequence[bool]) -> list[dict[str, Any]]:
    """The pretrained network minus each other learner: the mean difference over draws, and each of them."""
    found = []
    for (labels, name), scores in told.items():
        if name != PRETRAINED:
            pair = {(labels, PRETRAINED): told[labels, PRETRAINED], (labels, name): scores}
            value, low, high, each = combined(pair, died, {PRETRAINED: 1.0, name: -1.0})
            row = {"labels": labels, "comparator": name, "value": value, "low": low, "high": high, "draws": each}
            found.append({**row, "primary": labels == PRIMARY and name == SCRATCH})
    return found


def combined(
    told: Mapping[tuple[int, str], Floats], died: Sequence[bool], weights: Mapping[str, float]
) -> tuple[float, float, float, list[float]]:
    """A weighed sum of AUROCs: its mean over draws, its 95 % limits by DeLong, and that of each draw."""
    values, covariance = delong_covariance(np.concatenate(list(told.values())), np.array(died))
    draws = len(next(iter(told.values())))
    factor = np.repeat([weights[name] for _, name in told], draws) / draws
    each = (factor * draws * values).reshape(-1, draws).sum(0)
    value, spread = float(factor @ values), 1.959964 * float(np.sqrt(factor @ covariance @ factor))
    return value, value - spread, value + spread, each.tolist()


def summary(differences: Sequence[Mapping[str, Any]]) -> str:
    """Differences in words."""
    told = {
        name: "; ".join(
            f"{row['labels']}: {row['value']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
            for row in differences
            if row["comparator"] == name
        )
        for name in (SCRATCH, SIMPLE)
    }
    return (
        f"AUROC pretrained minus from scratch by number of labels (95 %, paired): {told[SCRATCH]}. Minus logistic "
        f"regression on summaries: {told[SIMPLE]}."
    )


def main() -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SEED, help="for looking at variation; the declared one by default")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of labels at each number of them")
    options = parser.parse_args()
    started = time.process_time()
    source = DrawnStays(STAYS.cohort, SetA())
    samples = [one for stay in source.records(data_root()) for one in draw(stay)]
    stays = [one for one in samples if isinstance(one, Sample)]
    told, died, begun = measured(stays, options.seed, options.draws)
    points, differences = curve(told, died), contrasts(told, died)
    judged = {"method": "mean over draws of labels, DeLong", "cases": len(died), "patients": len(died)}
    told_of = [{**point, **judged} for point in points]
    share = sum(died) / len(died)
    result = {
        "study": NAME,
        "verdict": "not for use: a comparison of ways to learn",
        "seed": options.seed,
        "validation": (
            f"{len(died):,} of {len(stays):,} stays of set a judged ({share:.1%} died), the others learned from; "
            f"labels drawn {options.draws} times at each number."
        ),
        "lines": [asdict(line) for line in contrasted(told_of, differences, learner=PRETRAINED, origin=ORIGIN)],
        "curve": points,
        "contrasts": differences,
        "pretraining": begun,
        "limits": [
            "Intervals tell of the judged stays; the few draws of labels are listed one by one.",
            "Judged stays are development stays of the study icu_mortality; whoever designed it has seen them.",
            "The pretrained network is prepared by all histories as well, the others by their labelled ones alone.",
            "Default settings, one network a fit, no tuning.",
        ],
        "summary": summary(differences),
        "processor_seconds": round(time.process_time() - started, 1),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{NAME}.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    show(result)
    print(f"\nresult: {path}")


if __name__ == "__main__":
    main()
