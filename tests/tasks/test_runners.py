"""Where tasks run: what is refused, and what every runner gives."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.command import Bedside

import bedside as package
from bedside.errors import FileProblem, RunError
from bedside.tasks.address import runner_at
from bedside.tasks.cluster import Cluster, Needs, Raised, perform
from bedside.tasks.local import Local


def test_addresses() -> None:
    assert runner_at("local") == Local()
    assert runner_at("ray") == Cluster(None)
    assert runner_at("ray://head:10001") == Cluster("head", 10001)
    assert runner_at("ray://[::1]:7") == Cluster("[::1]", 7)


@pytest.mark.parametrize(
    "address",
    ["", "Ray", "dask://head:8786", "ray://head", "ray://head:0", "ray://head:70000", "ray://:1", "head:10001"],
)
def test_another_address_is_refused(address: str) -> None:
    with pytest.raises(RunError, match=r"names nowhere that tasks can run; give local, ray, or ray://HOST:PORT"):
        runner_at(address)


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_of_this_machine_give_results_in_order(jobs: int) -> None:
    assert list(Local().run([partial(pow, 2, k) for k in range(5)], jobs=jobs)) == [1, 2, 4, 8, 16]
    assert sorted(Local().run([partial(pow, 2, k) for k in range(5)], jobs=jobs, in_order=False)) == [1, 2, 4, 8, 16]
    nothing: list[Callable[[], int]] = []
    assert not list(Local().run(nothing))


def test_a_process_that_is_ended_from_outside_is_told() -> None:
    tasks: list[Callable[[], object]] = [partial(os._exit, 9), partial(pow, 2, 2)]
    with pytest.raises(RunError, match=r"ended from outside, most likely because memory ran out; .*--jobs"):
        list(Local().run(tasks, jobs=2))


def test_where_nothing_listens_the_error_says_so_at_once(bedside: Bedside, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "labs.csv").write_text("a,b\n1,2\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(RunError, match=rf"nothing answers at ray://127.0.0.1:{port} \(Connection refused\); see that"):
        list(Cluster("127.0.0.1", port).run([partial(pow, 2, 2)]))
    answer = bedside("records", "cohort", "c.toml", "events", "--out", "mine", "--on", "spark://head:1")
    assert answer.code == RunError.exit_code
    assert "--on spark://head:1 names nowhere that tasks can run" in answer.err


def test_without_ray_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['ray'] = None\nfrom bedside.tasks.cluster import Cluster\nlist(Cluster().run([int]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "RunError: tasks were to run on Ray, and ray is not installed" in done.stderr
    assert "pip install 'bedside[cluster]'" in done.stderr


def test_ray_is_loaded_only_where_it_is_asked_for() -> None:
    code = "import sys, bedside.tasks.address, bedside.study.run; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_a_machine_that_lacks_what_a_task_needs_says_what(tmp_path: Path) -> None:
    told = perform(Needs("0.0.0", tmp_path, ()), b"")
    assert isinstance(told, Raised)
    assert f"has bedside {package.__version__}, and this one 0.0.0; install the same" in str(told.error)
    told = perform(Needs(package.__version__, tmp_path, (tmp_path, tmp_path / "away")), b"")
    assert isinstance(told, Raised)
    assert f"does not see {tmp_path / 'away'}; a cluster needs a file system" in str(told.error)
    assert isinstance(told.error, RunError)


def failing() -> None:
    """A task."""
    msg = "labs.csv is truncated; copy it again"
    raise FileProblem(msg)


def test_what_a_task_raises_comes_unchanged() -> None:
    with pytest.raises(FileProblem, match=r"^labs.csv is truncated; copy it again$"):
        list(Local().run([failing, failing], jobs=2))
