"""Workers may die, hang or raise: each is an answer of its own, and none takes another case with it."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.serve.faults import Closed, Opening

from bedside.errors import CallRefused, ServiceError
from bedside.serve.answer import Answer, Outcome
from bedside.serve.journal import Journal
from bedside.serve.workers import Workers


def during(
    folder: Path, what: Callable[[Workers], Awaitable[Any]], *, openings: Mapping[str, Any] | None = None, **more: Any
) -> Any:
    """What comes of it, while workers run."""
    options = {"count": 1, "seconds": 30.0, "start_seconds": 120.0, "waiting": 100} | more

    async def run() -> Any:
        workers = Workers(openings or {"a": Opening(folder), "b": Opening(folder)}, **options)
        await workers.start()
        try:
            return await what(workers)
        finally:
            await workers.stop()

    return asyncio.run(run())


async def all_of(workers: Workers, *records: Any) -> list[Answer]:
    return await asyncio.gather(*(workers.answer("a", record) for record in records))


def test_every_case_gets_its_own_answer(tmp_path: Path) -> None:
    async def ask(workers: Workers) -> list[Answer]:
        return await asyncio.gather(*(workers.answer("ab"[number % 2], number) for number in range(90)))

    answers = during(tmp_path, ask)
    assert [answer.risk for answer in answers] == pytest.approx([0.1 * number for number in range(90)])


def test_one_case_that_breaks_takes_no_other_with_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In one batch one raises and one kills the process: the others are answered."""

    async def ask(workers: Workers) -> tuple[list[Answer], Answer]:
        return await all_of(workers, 1, "raise", 2, "die", 3, "short"), await workers.answer("a", 4)

    with caplog.at_level(logging.DEBUG, "bedside"):
        answers, after = during(tmp_path, ask)
    assert [answer.outcome for answer in answers] == [
        Outcome.ANSWERED,
        Outcome.FAILED,
        Outcome.ANSWERED,
        Outcome.FAILED,
        Outcome.ANSWERED,
        Outcome.FAILED,
    ]
    assert [answer.risk for answer in answers[::2]] == pytest.approx([0.1, 0.2, 0.3])
    assert answers[1].why == "the model raised ValueError"
    assert "died" in answers[3].why
    assert after.risk == pytest.approx(0.4)
    assert "patient's name" not in caplog.text


def test_a_case_whose_worker_was_killed_is_tried_again(tmp_path: Path) -> None:
    (answer,) = during(tmp_path, lambda workers: all_of(workers, "die once"))
    assert answer.outcome is Outcome.ANSWERED
    assert (tmp_path / "died").exists()


def test_a_worker_killed_from_outside_is_replaced(tmp_path: Path) -> None:
    async def ask(workers: Workers) -> tuple[Answer, list[int], list[int]]:
        before = workers.process_ids
        os.kill(before[0], signal.SIGKILL)
        answer = await workers.answer("a", 5)
        return answer, before, workers.process_ids

    answer, before, after = during(tmp_path, ask)
    assert answer.risk == pytest.approx(0.5)
    assert before != after


def test_a_case_that_hangs_is_late_and_the_next_is_not(tmp_path: Path) -> None:
    async def ask(workers: Workers) -> tuple[Answer, float, Answer]:
        began = time.monotonic()
        late = await workers.answer("a", "hang")
        took = time.monotonic() - began
        while not workers.ready:  # noqa: ASYNC110 - as a probe would ask
            await asyncio.sleep(0.05)
        return late, took, await workers.answer("a", 6)

    late, took, after = during(tmp_path, ask, seconds=3.0)
    assert late.outcome is Outcome.TIMED_OUT
    assert "3 s" in late.why
    assert took < 5
    assert after.risk == pytest.approx(0.6)


def test_more_cases_than_may_wait_are_told_to_come_back(tmp_path: Path) -> None:
    async def ask(workers: Workers) -> list[Any]:
        return await asyncio.gather(*(workers.answer("a", "slow") for _ in range(12)), return_exceptions=True)

    answers = during(tmp_path, ask, waiting=4)
    refused = [answer for answer in answers if isinstance(answer, CallRefused)]
    assert refused
    assert {error.status for error in refused} == {503}
    assert all(error.headers["Retry-After"] for error in refused)
    assert all(answer.outcome is Outcome.ANSWERED for answer in answers if isinstance(answer, Answer))


def test_a_release_that_cannot_be_opened_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="OSError") as caught:
        during(tmp_path, lambda workers: all_of(workers, 1), openings={"a": Closed(tmp_path)})
    assert "a secret" not in str(caught.value)


def test_a_journal_is_only_added_to_and_read_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "new" / "journal.jsonl"
    journal = Journal(path)
    journal.append({"a": 1})
    journal.append({"b": "é"}, durable=True)
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"half": ')
    again = Journal(path)
    again.append({"c": 3})
    assert list(again.lines()) == [{"a": 1}, {"b": "é"}, {"c": 3}]
    again.close()
    assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(ServiceError, match="written"):
        Journal(path / "below")


def test_a_full_disk_leaves_no_half_line() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    journal = Journal(full)
    with pytest.raises(OSError, match="space"):
        journal.append({"a": 1})
    journal.close()
