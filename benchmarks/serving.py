"""How fast a service answers on this machine: calls a second, delays, cold start, memory; beside HealthChain if asked.

    python benchmarks/serving.py [--calls 400] [--callers 2] [--peer PYTHON] [--json]

A small study is run on simulated data and released as a demonstration; `bedside serve --open` answers over HTTP on
loopback, with the patient and one observation sent along. `--peer` names the Python of an environment with
healthchain, numpy and onnxruntime (`python -m venv x && x/bin/pip install healthchain onnxruntime numpy`): HealthChain
then answers the same calls with the same graphs, without authentication, interval, reasons or record. What counts is
the ratio within a run; both share the machine with the callers.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
WAIT = 180.0
FIRST = 20
"""Calls that are made before any is counted."""


def body() -> bytes:
    """A call as an electronic record makes it."""
    lactate = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2524-7"}]},
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2026-01-01T08:00:00Z",
        "valueQuantity": {"value": 3.1, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
    }
    patient = {"resourceType": "Patient", "id": "1", "gender": "female", "birthDate": "1950-03-01"}
    prefetch = {
        "patient": patient,
        "lactate": {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": lactate}]},
    }
    context = {"userId": "Practitioner/1", "patientId": "1"}
    call = {"hook": "patient-view", "hookInstance": str(uuid.uuid4()), "context": context, "prefetch": prefetch}
    return json.dumps(call).encode()


def delays(port: int, path: str, calls: int) -> list[float]:
    """Seconds of each of so many calls over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    found = []
    for _ in range(calls):
        sent = body()
        began = time.perf_counter()
        connection.request("POST", path, sent, {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        found.append(time.perf_counter() - began)
        if answer.status != http.client.OK or not json.loads(text)["cards"]:
            sys.exit(f"the service answered {answer.status} without a card: {text[:300]!r}")
    connection.close()
    return found


def measured(port: int, path: str, calls: int, callers: int) -> dict[str, float]:
    """Calls a second and delays in milliseconds."""
    delays(port, path, FIRST)
    began = time.perf_counter()
    with ThreadPoolExecutor(callers) as pool:
        parts = pool.map(lambda _: delays(port, path, calls // callers), range(callers))
        found = sorted(delay for part in parts for delay in part)
    seconds = time.perf_counter() - began

    def at(share: float) -> float:
        return 1000 * found[min(len(found) - 1, int(share * len(found)))]

    return {"calls a second": len(found) / seconds, "p50 ms": at(0.5), "p95 ms": at(0.95), "p99 ms": at(0.99)}


@contextmanager
def started(command: list[str], folder: Path, port: int, path: str) -> Iterator[tuple[int, float]]:
    """A service until it listens: its process and the seconds from start to ready."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not ready(port, path):
            if process.poll() is not None or time.perf_counter() - began > WAIT:
                sys.exit(f"{command[0]} did not start")
            time.sleep(0.05)
        yield process.pid, time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def ready(port: int, path: str) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False


def memory(process: int) -> dict[str, float]:
    """Resident MiB of a process and of the largest of its children."""
    listed = subprocess.run(["ps", "-o", "rss=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    own = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False)
    children = [int(word) for word in listed.stdout.split()]
    return {"service MiB": int(own.stdout) / 1024, "worker MiB": max(children, default=0) / 1024}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def released(folder: Path) -> Path:
    """A demonstration of the ward."""
    shutil.copy(HERE / "serving_side" / "ward.py", folder)
    bedside = [sys.executable, "-c", "from bedside.cli.main import run; run()"]
    environment = os.environ | {"BEDSIDE_LEDGER": str(folder / "ledger.jsonl")}
    for words in (
        ["run", "ward", "--simulated", "400", "--out", "run", "--jobs", "1", "--json"],
        ["release", "run", "--demonstration", "--out", "demo", "--json"],
    ):
        subprocess.run([*bedside, *words], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return folder / "demo"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--callers", type=int, default=2)
    parser.add_argument("--peer", default="")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows: dict[str, dict[str, float]] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        release, port = released(folder), free_port()
        serve = [sys.executable, "-c", "from bedside.cli.main import run; run()", "serve", str(release), "--open"]
        with started([*serve, "--port", str(port), "--seconds", "30"], folder, port, "/ready") as (process, cold):
            row = measured(port, "/cds-services/ward", asked.calls, asked.callers)
            rows["bedside"] = row | {"cold start s": cold} | memory(process)
        if asked.peer:
            port = free_port()
            command = [asked.peer, str(HERE / "serving_side" / "peer.py"), str(release), str(port)]
            with started(command, folder, port, "/cds/cds-discovery") as (process, cold):
                row = measured(port, "/cds/cds-services/ward", asked.calls, asked.callers)
                rows["HealthChain"] = row | {"cold start s": cold} | memory(process)
    tell(rows, as_json=asked.json)


def tell(rows: dict[str, dict[str, float]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    names: list[Any] = list(next(iter(rows.values())))
    print(f"{'':14}" + "".join(f"{name:>16}" for name in names))
    for side, row in rows.items():
        print(f"{side:14}" + "".join(f"{row[name]:>16.1f}" for name in names))


if __name__ == "__main__":
    main()
