"""Drawing the cohort: records to samples, with a flow that shows where everyone went."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from bedside.data.audit import repeated_keys
from bedside.data.sample import Excluded, Sample
from bedside.data.source import Source
from bedside.errors import CohortProblem, OutcomeProblem
from bedside.evidence.schema import FlowStep
from bedside.study.declare import Study
from bedside.types import PatientId, SampleId

X = TypeVar("X")
Y = TypeVar("Y")


@dataclass(frozen=True, slots=True)
class Drawn(Generic[X, Y]):
    """The cohort of a study.

    Attributes:
        samples: Who is included.
        flow: Where everyone went.
        unlabelled: Those excluded who are eligible but for an outcome that nobody knows.
    """

    samples: tuple[Sample[X, Y], ...]
    flow: tuple[FlowStep, ...]
    unlabelled: tuple[Excluded, ...] = ()


def draw(study: Study[Any, X, Y, Any], *, root: Path, simulated: int | None, seed: int) -> Drawn[X, Y]:
    """Read every record and draw its samples.

    Raises:
        CohortProblem: When nobody is eligible or sample keys repeat.
        OutcomeProblem: When all eligible samples have the same outcome.
    """
    samples, flow, unlabelled = _draw(study, _records(study.source, root, simulated, seed))
    if not samples:
        reasons = (
            "; ".join(f"{step.records} {step.text}" for step in flow if step.kind == "excluded") or "no record read"
        )
        msg = f"the cohort of {study.name!r} is empty: {reasons}"
        raise CohortProblem(msg)
    repeated = repeated_keys(samples)
    if repeated:
        msg = f"{repeated} sample keys occur more than once in {study.name!r}; a key names one sample"
        raise CohortProblem(msg)
    first = study.endpoint.outcome_cells([samples[0].outcome])
    every = study.endpoint.outcome_cells([sample.outcome for sample in samples])
    if all((every[name] == first[name][0]).all() for name in every):
        word = study.endpoint.describe(samples[0].outcome)
        msg = (
            f"all {len(samples)} samples have the same outcome ({word}); nothing can be learned from one class: check "
            "the outcome column and the eligibility"
        )
        raise OutcomeProblem(msg)
    return Drawn(tuple(samples), tuple(flow), tuple(unlabelled))


def draw_external(
    study: Study[Any, X, Y, Any], source: Source[Any], *, root: Path, simulated: int | None, seed: int
) -> tuple[Sample[X, Y], ...]:
    """Samples of another source, marked by its name so that nothing is learned from them."""
    samples, _, _ = _draw(study, _records(source, root, simulated, seed + 1))
    return tuple(
        replace(
            sample,
            key=SampleId(f"{source.name}/{sample.key}"),
            patient=PatientId(f"{source.name}/{sample.patient}"),
            attributes={**sample.attributes, "source": source.name},
        )
        for sample in samples
    )


def _records(source: Source[Any], root: Path, simulated: int | None, seed: int) -> Iterable[Any]:
    return source.records(root) if simulated is None else source.simulate(simulated, seed=seed)


def _draw(
    study: Study[Any, X, Y, Any], records: Iterable[Any]
) -> tuple[list[Sample[X, Y]], list[FlowStep], list[Excluded]]:
    samples: list[Sample[X, Y]] = []
    unlabelled: list[Excluded] = []
    counts: Counter[str] = Counter()
    lost: dict[str, set[str]] = defaultdict(set)
    unnamed: set[str] = set()
    read = 0
    for record in records:
        read += 1
        for item in study.cohort.draw(record):
            if isinstance(item, Excluded):
                counts[item.reason] += 1
                if item.unlabelled is not None:
                    unlabelled.append(item)
                if item.patient is None:
                    unnamed.add(item.reason)
                else:
                    lost[item.reason].add(str(item.patient))
            else:
                samples.append(item)
    included = {str(sample.patient) for sample in samples}
    everyone = None if unnamed else len(included.union(*lost.values()))
    flow = [FlowStep(kind="read", text="Records read", records=read, patients=everyone)]
    for reason, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        people = None if reason in unnamed else len(lost[reason])
        flow.append(FlowStep(kind="excluded", text=reason, records=count, patients=people))
    flow.append(FlowStep(kind="included", text="Included", records=len(samples), patients=len(included)))
    return samples, flow, unlabelled


def patients_of(samples: Sequence[Sample[Any, Any]]) -> int:
    """Number of distinct patients."""
    return len({sample.patient for sample in samples})
