"""Many files on one machine: each target is whole or absent, whatever happens."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from synthmark import media
from synthmark.errors import SynthmarkError, TargetError
from synthmark.targets import Target

if TYPE_CHECKING:
    from synthmark.embedder import Embedder, EmbedResult
    from synthmark.label import Label
    from synthmark.media import Input

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[_Job, _Result]):
    """What became of one job: a result, or the error that stopped it.

    Attributes:
        job: The job as it was given.
        result: What the work returned, None when it failed.
        error: Why it failed, None when it did not.
    """

    job: _Job
    result: _Result | None = None
    error: SynthmarkError | None = None


def run(
    work: Callable[[_Job], _Result], jobs: Iterable[_Job], *, workers: int | None = None
) -> Generator[Outcome[_Job, _Result], None, None]:
    """Do every job in a pool of threads and yield the outcomes in the order of the jobs.

    Only a few jobs more than there are workers are ever under way, so results do not pile up.

    Args:
        work: Called with one job; its SynthmarkError becomes the job's outcome, any other
            exception is a defect and is raised here.
        jobs: What to do.
        workers: Threads; as many as processors unless given.
    """

    def attempt(job: _Job) -> Outcome[_Job, _Result]:
        try:
            return Outcome(job, result=work(job))
        except SynthmarkError as error:
            return Outcome(job, error=error)

    count = workers or os.cpu_count() or 1
    waiting = iter(jobs)
    with ThreadPoolExecutor(count, thread_name_prefix="synthmark") as pool:
        under_way: deque[Future[Outcome[_Job, _Result]]] = deque(
            pool.submit(attempt, job) for job in islice(waiting, 2 * count)
        )
        try:
            while under_way:
                yield under_way.popleft().result()
                under_way.extend(pool.submit(attempt, job) for job in islice(waiting, 1))
        finally:
            for future in under_way:
                future.cancel()


def embed_file(
    embedder: Embedder,
    source: Input,
    target: Path,
    label: Label,
    *,
    overwrite: bool = False,
    progress: Callable[[str], None] | None = None,
) -> EmbedResult:
    """Label `source` and write the output to `target`, which is whole or absent at any moment.

    `progress` is told the name of each step as it begins.

    Raises:
        TargetError: The target exists (and `overwrite` is off), cannot be written, or its name
            promises another format than the output has.
        SynthmarkError: Whatever `Embedder.embed` raises.
    """
    with Target(target, overwrite=overwrite) as file:
        result = embedder.embed(source, label, target=file, progress=progress)
        format, promised = media.named(result.media_type), media.promised(target.suffix)
        kept_name = isinstance(source, os.PathLike) and Path(source).suffix == target.suffix
        if promised is not None and promised is not format and not kept_name:
            raise TargetError(
                f"{target}: the name promises {promised.name}, but the output keeps the input's "
                f"format, {format.name}",
                code="target.format",
            )
    return result
