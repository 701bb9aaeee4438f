"""The service beside bare libvips: pictures a second, CPU time, latency and memory, in one run.

    make bench                                    a picture that imagemill draws
    make bench PHOTO=photo.jpg ROUNDS=3           one of your own, and fewer rounds

Each round lets all make the same pictures in turn. A ratio compares a burst of the service to the
mean of bare libvips right before and after it. The recipes are described in `bench/bare.py`.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import psycopg

from bench.contenders import Burst, Service, run_bare, time_bare
from bench.disk import time_syncs
from bench.pictures import Task, prepare_tasks
from bench.report import print_table, save
from imagemill.embedded.ports import find_free_port
from imagemill.embedded.stack import Stack, run_stack
from imagemill.telemetry.logs import configure_logs

HOST: Final = "127.0.0.1"
SMALLEST_SAMPLE: Final = 2  # of quantiles


def run_rounds(service: Service, task: Task, folder: Path, rounds: int) -> list[dict[str, Burst]]:
    """Return what each contender did in each round."""
    found = []
    before = run_bare("same", task, folder)
    for _ in range(rounds):
        bursts = {"before": before, "service": service.run(task)}
        bursts["after"] = before = run_bare("same", task, folder)
        bursts["thumbnail"] = run_bare("thumbnail", task, folder)
        found.append(bursts)
    return found


def summarize_rounds(found: Sequence[dict[str, Burst]]) -> dict[str, object]:
    """Return the medians over the rounds."""

    def median(name: str) -> float:
        return statistics.median(bursts[name].rate for bursts in found)

    def bare_rate(bursts: dict[str, Burst]) -> float:
        return (bursts["before"].rate + bursts["after"].rate) / 2

    def ratio(name: str) -> float:
        return statistics.median(bursts[name].rate / bare_rate(bursts) for bursts in found)

    cpu_ms = {
        part: statistics.median(bursts["service"].cpu_ms[part] for bursts in found)
        for part in found[0]["service"].cpu_ms
    }
    pixels = statistics.median(bursts["after"].cpu_ms["libvips"] for bursts in found)
    return {
        "pictures a second": {
            "libvips, same recipe": median("after"),
            "libvips' thumbnail": median("thumbnail"),
            "service": median("service"),
        },
        "÷ libvips, same recipe": {"thumbnail": ratio("thumbnail"), "service": ratio("service")},
        "CPU ms": {"libvips, same recipe": pixels} | cpu_ms,
        "CPU ms beyond the pixels": sum(cpu_ms.values()) - pixels,
    }


def measure_latency(
    service: Service, task: Task, folder: Path, count: int
) -> dict[str, dict[str, float]]:
    """Return milliseconds of single jobs, and of what they cannot do without."""
    content = task.file.read_bytes()
    return {
        "libvips, same recipe": percentiles(time_bare("same", task, folder, count)),
        "syncs of this disk": percentiles(time_syncs(folder, content, count)),
        "service, from upload to COMPLETED": percentiles(service.time_jobs(task, count)),
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    values = [1000 * one for one in seconds]
    if len(values) < SMALLEST_SAMPLE:
        values *= SMALLEST_SAMPLE
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {"p50": cuts[9], "p95": cuts[18]}


def measure(
    stack: Stack, port: int, folder: Path, options: argparse.Namespace
) -> dict[str, object]:
    tasks = prepare_tasks(options.photo, folder, (options.photos, options.smalls))
    rows: dict[str, object] = {}
    details: dict[str, object] = {}
    with psycopg.connect(stack.postgres.uri, autocommit=True) as postgres:
        service = Service(stack, HOST, port, postgres)
        for task in tasks:
            service.time_jobs(task, 1)  # the first jobs start and warm up the image processes
        rows["idle memory, MiB"] = {
            name: asdict(memory) for name, memory in service.read_idle_memory().items()
        }
        for task in tasks:
            service.time_jobs(task, options.latencies // 3)
            latency = measure_latency(service, task, folder, options.latencies)
            rows[f"{task.name}: ms unloaded"] = latency
        for task in tasks:
            found = run_rounds(service, task, folder, options.rounds)
            details[task.name] = [
                {name: asdict(burst) for name, burst in bursts.items()} for bursts in found
            ]
            rows |= {f"{task.name}: {name}": row for name, row in summarize_rounds(found).items()}
        busy = service.time_uploads_under_load(tasks[0], options.photos)
        rows["ms of an upload while all cores render"] = percentiles(busy)
    return {"options": vars(options), "results": rows, "rounds": details}


async def main(options: argparse.Namespace) -> dict[str, object]:
    configure_logs("error", None)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder, port = Path(name), find_free_port()

        async with run_stack(
            folder / "data", HOST, port, {"LOG_LEVEL": options.log_level}
        ) as stack:
            report = await asyncio.to_thread(measure, stack, port, folder, options)
    rows = report["results"]
    assert isinstance(rows, dict)
    print_table(f"medians of {options.rounds} rounds", rows)
    save("overhead", report)
    return report


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.overhead", description=__doc__)
    parser.add_argument(
        "photo", type=Path, nargs="?", help="a JPEG; one is drawn where none is given"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--photos", type=int, default=150, help="photos of each burst")
    parser.add_argument("--smalls", type=int, default=1000, help="small pictures of each burst")
    parser.add_argument("--latencies", type=int, default=60, help="jobs that are timed alone")
    parser.add_argument("--log-level", default="warning", help="of the services")
    parser.add_argument("--folder", type=Path, help="where databases and pictures are put")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    asyncio.run(main(parse(sys.argv[1:])))
