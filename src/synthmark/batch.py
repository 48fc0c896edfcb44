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

if TYPE_CHECKING:
    from synthmark.embedder import Embedder, EmbedResult
    from synthmark.label import Label
    from synthmark.media import Asset

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
    source: Asset,
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
    # Unlike Path.exists, this one leaves what cannot be looked at to the writing below.
    if not overwrite and os.path.exists(target):
        raise _exists(target)
    result = embedder.embed(source, label, progress=progress)
    format, promised = media.named(result.media_type), media.promised(target.suffix)
    kept_name = isinstance(source, os.PathLike) and Path(source).suffix == target.suffix
    if promised is not None and promised is not format and not kept_name:
        raise TargetError(
            f"{target}: the name promises {promised.name}, but the output keeps the input's "
            f"format, {format.name}",
            code="target.format",
        )
    write_whole(target, result.asset, overwrite=overwrite)
    return result


def write_whole(target: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write beside the target, flush to disk, and give it its name in one step.

    Raises:
        TargetError: The target exists (and `overwrite` is off) or cannot be written.
    """
    part = target.with_name(f".synthmark-{os.getpid():x}-{os.urandom(4).hex()}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if overwrite:
                part.replace(target)
            else:
                _claim(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise TargetError(
            f"{target}: cannot be written ({error.strerror or error})", code="target.unwritable"
        ) from None


def _claim(part: Path, target: Path) -> None:
    """Name the file `target` unless that name is taken, even by another process just now."""
    try:
        target.hardlink_to(part)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:
        # Some file systems have no hard links; there a check just before must do.
        if target.exists():
            raise _exists(target) from None
        part.replace(target)


def _exists(target: Path) -> TargetError:
    return TargetError(f"{target}: exists already; -f replaces it", code="target.exists")
