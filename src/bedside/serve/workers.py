"""The worker processes of a service: cases that wait together are computed together, each within its time.

A worker that dies or is late is replaced. A case whose worker died is tried once more; a case that was in a batch
with others is then tried alone, so that one case that breaks a model takes no other with it.
"""

import asyncio
import logging
import multiprocessing
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from bedside.errors import CallRefused, ServiceError
from bedside.serve.answer import Answer, Outcome
from bedside.serve.worker import Asked, Opened, Opening, Raised, Told, work

LARGEST_BATCH = 32
PAUSES = (0.0, 0.5, 2.0, 10.0)
"""Seconds before a worker is started again, by how often it failed to start in a row."""

log = logging.getLogger("bedside.serve")


@dataclass(eq=False)
class Case:
    """A record that waits for its answer.

    Attributes:
        deadline: On the clock of `time.monotonic`.
        alone: It was in a worker that failed; it is not computed together with others any more.
        fault: Kind of what went wrong when it was tried, "" before.
    """

    service: str
    record: Any
    deadline: float
    answer: "asyncio.Future[Answer]"
    alone: bool = False
    fault: str = ""


@dataclass(eq=False)
class Worker:
    """One process with its pipe, and the thread that waits for it."""

    number: int
    thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="worker"))
    process: BaseProcess | None = None
    pipe: Connection | None = None
    open: bool = False
    failures: int = 0

    def start(self, openings: Mapping[str, Opening], seconds: float) -> str:
        """Start the process and wait until it has opened all releases; why it has not, or ""."""
        here, there = _SPAWN.Pipe()
        self.process = _SPAWN.Process(
            target=work, args=(there, dict(openings)), daemon=True, name=f"worker {self.number}"
        )
        self.process.start()
        there.close()
        self.pipe = here
        told = self.receive(seconds)
        self.open = isinstance(told, Opened)
        if self.open:
            self.failures = 0
            return ""
        self.stop()
        self.failures += 1
        return told.kind if isinstance(told, Raised) else f"it was not ready within {seconds:g} s"

    def ask(self, asked: Asked, seconds: float) -> Told | None:
        """Send cases and wait for their answers; None when they do not come within this time.

        Raises:
            EOFError: The process died.
        """
        if self.pipe is None:
            raise EOFError
        try:
            self.pipe.send(asked)
        except OSError as error:
            raise EOFError from error
        return self.receive(seconds)

    def receive(self, seconds: float) -> Told | None:
        """What the process says within this time; None when it says nothing.

        Raises:
            EOFError: The process died.
        """
        if self.pipe is None:
            raise EOFError
        try:
            return self.pipe.recv() if self.pipe.poll(max(seconds, 0.0)) else None
        except OSError as error:
            raise EOFError from error

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.open = False
        if self.pipe is not None:
            self.pipe.close()
            self.pipe = None
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None


_SPAWN = multiprocessing.get_context("spawn")


class Workers:
    """Computes cases in processes of their own.

    Args:
        openings: How each service's release is opened.
        count: Processes.
        seconds: For a case, from when it is asked to its answer.
        start_seconds: For a process to open all releases.
        waiting: Cases that may wait.
    """

    def __init__(
        self, openings: Mapping[str, Opening], *, count: int, seconds: float, start_seconds: float, waiting: int
    ) -> None:
        self._openings = openings
        self._seconds = seconds
        self._start_seconds = start_seconds
        self._queue: asyncio.Queue[Case] = asyncio.Queue(waiting)
        self._workers = [Worker(number) for number in range(count)]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> bool:
        """Whether at least one worker has opened all releases."""
        return any(worker.open for worker in self._workers)

    @property
    def process_ids(self) -> list[int]:
        """Of the workers that are open."""
        return [worker.process.pid or 0 for worker in self._workers if worker.open and worker.process is not None]

    async def start(self) -> None:
        """Start all processes and wait for them.

        Raises:
            ServiceError: One cannot open the releases.
        """
        whys = await asyncio.gather(*(self._start(worker) for worker in self._workers))
        broken = next(filter(None, whys), "")
        if broken:
            await self.stop()
            msg = (
                f"a worker cannot open {', '.join(self._openings)}: {broken}; check that this code wrote these releases"
            )
            raise ServiceError(msg)
        self._tasks = [asyncio.create_task(self._serve(worker)) for worker in self._workers]

    async def stop(self) -> None:
        """End all processes; cases that wait are told that the service stops."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers:
            worker.stop()
            worker.thread.shutdown(wait=False, cancel_futures=True)
        while not self._queue.empty():
            _settle(self._queue.get_nowait(), _failed("the service was stopped"))

    async def answer(self, service: str, record: Any) -> Answer:  # noqa: ANN401 - what a release takes
        """The answer to one record; a failure or lateness is an answer of its own.

        Raises:
            CallRefused: 503 when too many cases wait.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        case = Case(service, record, time.monotonic() + self._seconds, future)
        try:
            self._queue.put_nowait(case)
        except asyncio.QueueFull:
            msg = "too many cases wait for an answer; call again in a moment"
            raise CallRefused(503, "throttled", msg, {"Retry-After": "1"}) from None
        try:
            return await asyncio.wait_for(future, self._seconds + 0.25)
        except TimeoutError:
            return _late(case, self._seconds)

    async def _start(self, worker: Worker) -> str:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(worker.thread, worker.start, self._openings, self._start_seconds)
        except EOFError:
            worker.stop()
            worker.failures += 1
            return "the process died while it opened them"

    async def _serve(self, worker: Worker) -> None:
        """One worker's life: start again when it is down, take cases, compute."""
        held: list[Case] = []
        while True:
            while not worker.open:
                await asyncio.sleep(PAUSES[min(worker.failures, len(PAUSES) - 1)])
                why = await self._start(worker)
                log.log(
                    logging.ERROR if why else logging.INFO, "worker %d started again: %s", worker.number, why or "ok"
                )
            batch, held = self._batch(held or [await self._queue.get()])
            await self._compute(worker, batch)

    def _batch(self, cases: list[Case]) -> tuple[list[Case], list[Case]]:
        """Cases that wait for the same service, up to a number; and those that were taken but are for another."""
        while len(cases) < LARGEST_BATCH and not self._queue.empty():
            cases.append(self._queue.get_nowait())
        first = cases[0]
        together = [case for case in cases if case.service == first.service and not case.alone and not first.alone]
        batch = together or [first]
        return batch, [case for case in cases if case not in batch]

    async def _compute(self, worker: Worker, batch: list[Case]) -> None:
        now = time.monotonic()
        batch = [case for case in batch if not case.answer.done() and case.deadline > now]
        if not batch:
            return
        asked = Asked(batch[0].service, [case.record for case in batch])
        loop = asyncio.get_running_loop()
        try:
            told = await loop.run_in_executor(worker.thread, worker.ask, asked, batch[0].deadline - now)
        except EOFError:
            worker.stop()
            log.error("worker %d died over %d cases of %s", worker.number, len(batch), asked.service)  # noqa: TRY400 - no values
            self._again(batch, "its process died")
            return
        if told is None:
            worker.stop()
            log.error(
                "worker %d was late over %d cases of %s; it is replaced", worker.number, len(batch), asked.service
            )
            for case in batch:
                _settle(case, _late(case, self._seconds))
        elif isinstance(told, list):
            for case, answer in zip(batch, told, strict=True):
                _settle(case, answer)
        else:
            kind = told.kind if isinstance(told, Raised) else "WrongReply"
            log.error("%s of %s over %d cases", kind, asked.service, len(batch))
            if len(batch) > 1:
                self._again(batch, kind)
            else:
                _settle(batch[0], _failed(f"the model raised {kind}"))

    def _again(self, batch: list[Case], fault: str) -> None:
        """Try cases once more, each alone; those that failed alone have failed."""
        for case in batch:
            if case.alone or self._queue.full():
                _settle(case, _failed(fault))
            else:
                case.alone, case.fault = True, fault
                self._queue.put_nowait(case)


def _settle(case: Case, answer: Answer) -> None:
    if not case.answer.done():
        case.answer.set_result(answer)


def _failed(why: str) -> Answer:
    return Answer(Outcome.FAILED, why=why)


def _late(case: Case, seconds: float) -> Answer:
    if case.fault:
        return _failed(f"{case.fault}, and no other answered in time")
    return Answer(Outcome.TIMED_OUT, why=f"there was no answer within {seconds:g} s")
