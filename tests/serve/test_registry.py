"""The registry: states from the log alone, one live version a name, nothing that comes back from withdrawal."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve import conftest
from tests.serve.conftest import Made

from bedside.cli.resolve import resolve
from bedside.errors import RegistryProblem, ReleaseProblem
from bedside.evidence.release import State
from bedside.serve.registry import LOG, Registry, opened
from bedside.serve.standing import Entry, Move, Standing, standings

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOVES: tuple[Move, ...] = ("added", "approved", "shadow", "live", "demonstration", "withdrawn", "rolled back")


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Logs that a registry could have written: every move that is allowed, and none that is not."""
    made: list[Entry] = []
    for number in range(draw(st.integers(1, 40))):
        at = BEGIN + timedelta(days=number)
        until = at + timedelta(days=draw(st.integers(1, 30))) if draw(st.booleans()) else None
        version = draw(st.sampled_from("123"))
        entry = Entry(
            at=at,
            by="somebody",
            name=draw(st.sampled_from("ab")),
            version=version,
            move=draw(st.sampled_from(MOVES)),
            until=until,
            demonstration=version == "3",
            before="",
        )
        try:
            standings([*made, entry], at)
        except RegistryProblem:
            continue
        made.append(entry)
    return made


EVERY_TIME = [BEGIN + timedelta(days=0.5 * half) for half in range(2 * 80)]


@given(histories())
def test_laws_of_states(history: list[Entry]) -> None:
    over: set[tuple[str, str]] = set()
    for at in EVERY_TIME:
        found = standings(history, at)
        for name in "ab":
            assert sum(one.state is State.LIVE for one in found.values() if one.name == name) <= 1
        for key, one in found.items():
            assert one.until is None or at < one.until or one.state is State.WITHDRAWN
            assert not (one.state is State.LIVE and (one.demonstration or not one.approved_by))
            assert not (one.state is State.DEMONSTRATION and not one.demonstration)
            assert not (key in over and one.state is not State.WITHDRAWN)
            if one.state is State.WITHDRAWN:
                over.add(key)


@given(histories())
def test_live_has_been_in_shadow(history: list[Entry]) -> None:
    shadowed: set[tuple[str, str]] = set()
    for number, entry in enumerate(history):
        now = standings(history[: number + 1], entry.at)
        shadowed |= {key for key, one in now.items() if one.state is State.SHADOW}
        assert {key for key, one in now.items() if one.state is State.LIVE} <= shadowed


def known(registry: Registry, version: str = "1") -> Standing:
    return registry.standing("ward", version)


def live(registry: Registry, version: str = "1") -> None:
    registry.move("ward", version, "approved", by="A. Physician")
    registry.move("ward", version, "shadow", by="an engineer")
    registry.move("ward", version, "live", by="an engineer")


def second(made: Made) -> Registry:
    """A registry with two versions of the ward."""
    from dataclasses import replace

    from bedside.study.release import Asked, release

    run = made.folder / "run"
    asked = Asked(out=made.registry / "ward" / "1", version="2", report=run / "report.html", card="A card.")
    release(resolve("ward"), run, replace(asked, out=made.registry / "ward" / "2"))
    registry = Registry(made.registry)
    registry.add("ward", "2", by="test")
    return registry


def test_from_candidate_to_live_and_back(beside: Made) -> None:
    registry = second(beside)
    live(registry)
    live(registry, "2")
    assert (known(registry).state, known(registry, "2").state) == (State.SHADOW, State.LIVE)
    assert registry.served("ward") == beside.registry / "ward" / "2"
    registry.move("ward", "2", "rolled back", by="A. Physician", why="too many alarms")
    assert (known(registry).state, known(registry, "2").state) == (State.LIVE, State.WITHDRAWN)
    assert known(registry).approved_by == "A. Physician"
    with pytest.raises(RegistryProblem, match="no earlier version"):
        registry.move("ward", "1", "rolled back", by="A. Physician")
    with pytest.raises(RegistryProblem, match="withdrawn and cannot become live"):
        registry.move("ward", "2", "live", by="A. Physician")
    assert [entry.move for entry in registry.entries()][-1] == "rolled back"


def test_an_open_release_follows_the_log(beside: Made) -> None:
    registry = Registry(beside.registry)
    release = opened(beside.release, resolve)
    seen = [release.state]
    live(registry)
    seen.append(release.state)
    registry.move("ward", "1", "withdrawn", by="A. Physician")
    seen.append(release.state)
    assert seen == [State.CANDIDATE, State.LIVE, State.WITHDRAWN]


@pytest.mark.parametrize(
    ("move", "words"),
    [("live", "candidate and cannot become live"), ("demonstration", "of patients' data"), ("added", "already")],
)
def test_moves_that_are_not_allowed_change_nothing(beside: Made, move: Move, words: str) -> None:
    registry = Registry(beside.registry)
    before = (beside.registry / LOG).read_bytes()
    with pytest.raises(RegistryProblem, match=words):
        registry.move("ward", "1", move, by="somebody")
    assert (beside.registry / LOG).read_bytes() == before


def test_nothing_is_live_that_nobody_approved(beside: Made) -> None:
    registry = Registry(beside.registry)
    registry.move("ward", "1", "shadow", by="an engineer")
    with pytest.raises(RegistryProblem, match="nobody has approved"):
        registry.move("ward", "1", "live", by="an engineer")


def test_an_approval_ends(beside: Made) -> None:
    registry = Registry(beside.registry)
    until = datetime.now(UTC) + timedelta(days=3)
    registry.move("ward", "1", "approved", by="A. Physician", until=until)
    found = registry.standings(until + timedelta(seconds=1))["ward", "1"]
    assert found.expired
    assert found.state is State.WITHDRAWN
    with pytest.raises(RegistryProblem, match="is over"):
        registry.move("ward", "1", "approved", by="A. Physician", until=BEGIN)


def test_nobody_does_nothing(beside: Made) -> None:
    with pytest.raises(RegistryProblem, match="who does this"):
        Registry(beside.registry).move("ward", "1", "shadow", by=" ")


def test_what_is_not_there_is_said(beside: Made) -> None:
    with pytest.raises(RegistryProblem, match="there is ward 1"):
        Registry(beside.registry).move("ward", "9", "shadow", by="somebody")
    with pytest.raises(RegistryProblem, match="may answer"):
        Registry(beside.registry).served("ward")


def test_an_altered_release_is_not_moved_but_withdrawn(beside: Made) -> None:
    registry = Registry(beside.registry)
    (beside.release / "card.md").write_text("Better than it is.")
    with pytest.raises(ReleaseProblem, match=r"card\.md"):
        registry.move("ward", "1", "shadow", by="somebody")
    registry.move("ward", "1", "withdrawn", by="somebody")
    assert known(registry).state is State.WITHDRAWN


def test_another_release_in_its_place_is_refused(beside: Made) -> None:
    """Whole in itself, and not the one that was registered."""
    from bedside.serve.sealed import manifest_of
    from bedside.study.release import seal

    manifest = manifest_of(beside.release).model_copy(update={"intended_use": "Everybody."})
    seal(manifest, beside.release, beside.folder / "key.pem")
    with pytest.raises(RegistryProblem, match="another release"):
        opened(beside.release, resolve)


def test_any_changed_line_of_the_log_is_seen(beside: Made) -> None:
    registry = Registry(beside.registry)
    live(registry)
    path = beside.registry / LOG
    lines = path.read_bytes().splitlines(keepends=True)
    for number in range(len(lines) - 1):
        entry = json.loads(lines[number]) | {"by": "somebody else"}
        path.write_bytes(b"".join([*lines[:number], json.dumps(entry).encode() + b"\n", *lines[number + 1 :]]))
        with pytest.raises(RegistryProblem, match="does not follow"):
            registry.entries()
        path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        with pytest.raises(RegistryProblem, match=r"does not follow|not registered"):
            registry.standings()
    path.write_bytes(lines[0] + b"{}\n")
    with pytest.raises(RegistryProblem, match=r"line 2 .* is damaged"):
        registry.entries()


def test_a_line_that_was_cut_short_was_never_made(beside: Made) -> None:
    registry = Registry(beside.registry)
    path = beside.registry / LOG
    registry.move("ward", "1", "shadow", by="somebody")
    whole = path.read_bytes()
    for cut in (1, 20, 80):
        path.write_bytes(whole[:-cut])
        assert known(registry).state is State.CANDIDATE
    registry.move("ward", "1", "approved", by="somebody")
    assert [entry.move for entry in registry.entries()] == ["added", "approved"]


MOVING = """
from pathlib import Path
from bedside.serve.registry import Registry
for k in range(5): Registry(Path("releases")).move("ward", "1", "approved", by=f"NAME {k}")
"""


def test_several_processes_write_one_log(beside: Made) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda name: conftest.python(MOVING.replace("NAME", name), beside.folder), ["a", "b"]))
    assert [one.returncode for one in done] == [0, 0], done
    moves = Registry(beside.registry).entries()[1:]
    assert sorted(entry.by for entry in moves) == sorted(f"{name} {k}" for name in "ab" for k in range(5))


def test_a_demonstration_is_shown_and_never_live(beside: Made) -> None:
    import shutil

    registry = Registry(beside.folder / "shown")
    shutil.copytree(beside.demonstration, beside.folder / "shown" / "ward" / "1")
    registry.add("ward", "1", by="somebody")
    registry.move("ward", "1", "demonstration", by="somebody")
    assert opened(beside.folder / "shown" / "ward" / "1", resolve).state is State.DEMONSTRATION
    registry.move("ward", "1", "shadow", by="somebody")
    for move in ("approved", "live"):
        with pytest.raises(RegistryProblem, match="simulated data"):
            registry.move("ward", "1", move, by="somebody")


def test_a_release_under_another_name_is_refused(beside: Made) -> None:
    beside.release.rename(beside.registry / "ward" / "5")
    with pytest.raises(RegistryProblem, match="belongs in"):
        Registry(beside.registry).add("ward", "5", by="somebody")


def test_an_empty_registry_holds_nothing(tmp_path: Path) -> None:
    assert Registry(tmp_path / "none").standings() == {}
    assert Registry(tmp_path / "none").next_version("ward") == "1"
