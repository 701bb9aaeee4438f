"""What gateway, workers and image processes hold at one moment."""

import os
from collections.abc import Callable
from contextlib import suppress
from statistics import fmean
from types import MappingProxyType

import psutil

from chaos.stack import Stack
from soak.growth import MEBIBYTE, Resource
from support.servers import connect, redis_client

# A leak that matters comes with every job, or every hundredth: some hundreds of jobs make dozens of
# it. A handful is the play of what is counted: a pool that opens its other connections, a request
# that is under way, an image process that is just being replaced.
MAX_FLUCTUATION = 6.0

# Four jobs at once come and go with their input, up to five outputs, and the folder of each.
OF_RUNNING_JOBS = 24.0

# One job in a hundred that left its picture, or one in ten that left its traceback, would be seen.
# Allocators keep what they once had: a service settles within a few mebibytes of where it began,
# an image process, which is replaced after 500 jobs, within more.
SERVICE_MEBIBYTES = 8.0
CHILD_MEBIBYTES = 24.0

CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'imagemill'"

Reading = Callable[[Stack], float]


def _gateway(stack: Stack) -> list[psutil.Process]:
    return [psutil.Process(stack.gateway.pid)]


def _workers(stack: Stack) -> list[psutil.Process]:
    return [psutil.Process(worker.pid) for worker in stack.workers]


def _image_processes(stack: Stack) -> list[psutil.Process]:
    return [child for worker in _workers(stack) for child in worker.children(recursive=True)]


def _memory(processes: list[psutil.Process]) -> float:
    """Return the mean; resident memory, since that of a shut-in child is open to no other way."""
    return fmean(_of_each(processes, lambda process: process.memory_info().rss) or [0.0])


def _descriptors(processes: list[psutil.Process]) -> float:
    return sum(_of_each(processes, lambda process: process.num_fds()))


def _threads(processes: list[psutil.Process]) -> float:
    return sum(_of_each(processes, lambda process: process.num_threads()))


def _of_each(
    processes: list[psutil.Process], read: Callable[[psutil.Process], float]
) -> list[float]:
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # an image process is ended with a canceled job
            found.append(read(process))
    return found


def _connections_to_postgres(stack: Stack) -> float:
    with connect(stack.postgres) as connection:
        return float(connection.execute(CONNECTIONS).fetchall()[0][0])


def _connections_to_redis(stack: Stack) -> float:
    with redis_client(stack.redis) as client:
        return float(client.info("clients")["connected_clients"])


def _temporary_files(stack: Stack) -> float:
    # Folders may go while they are walked through; os.walk passes them over.
    return float(sum(len(names) + len(files) for _, names, files in os.walk(stack.storage / "tmp")))


COUNTS: MappingProxyType[Resource, Reading] = MappingProxyType(
    {
        Resource("descriptors of the gateway", MAX_FLUCTUATION): lambda m: _descriptors(
            _gateway(m)
        ),
        Resource("descriptors of the workers", MAX_FLUCTUATION): lambda m: _descriptors(
            _workers(m)
        ),
        Resource("threads of the gateway", MAX_FLUCTUATION): lambda m: _threads(_gateway(m)),
        Resource("threads of the workers", MAX_FLUCTUATION): lambda m: _threads(_workers(m)),
        Resource("threads of image processes", MAX_FLUCTUATION): lambda m: _threads(
            _image_processes(m)
        ),
        Resource("image processes", MAX_FLUCTUATION): lambda m: float(len(_image_processes(m))),
        Resource("connections to PostgreSQL", MAX_FLUCTUATION): _connections_to_postgres,
        Resource("connections to Redis", MAX_FLUCTUATION): _connections_to_redis,
        Resource("files and folders in tmp", OF_RUNNING_JOBS): _temporary_files,
    }
)
MEMORY: MappingProxyType[Resource, Reading] = MappingProxyType(
    {
        Resource("MiB of the gateway", SERVICE_MEBIBYTES, MEBIBYTE): lambda m: _memory(_gateway(m)),
        Resource("MiB of a worker", SERVICE_MEBIBYTES, MEBIBYTE): lambda m: _memory(_workers(m)),
        Resource("MiB of an image process", CHILD_MEBIBYTES, MEBIBYTE): lambda m: _memory(
            _image_processes(m)
        ),
    }
)
RESOURCES: MappingProxyType[Resource, Reading] = MappingProxyType({**COUNTS, **MEMORY})

Sample = dict[Resource, float]


def sample(stack: Stack) -> Sample:
    return {resource: read(stack) for resource, read in RESOURCES.items()}
