"""synthmark verify."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthmark import settings
from synthmark.cli import exits, options, render
from synthmark.errors import TargetError, UsageError

if TYPE_CHECKING:
    from synthmark.report import Report


@click.command("verify")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--plot", metavar="PNG", help="Draw where in a sound the watermark was found.")
@options.shared("store", "trust", "watermark_key")
def command(
    sources: tuple[str, ...],
    as_json: bool,
    plot: str | None,
    store: str | None,
    trust: tuple[str, ...],
    watermark_key: str | None,
) -> int:
    """Check files and say what their labels are worth.

    \b
    Verdicts:
      verified     signed, unchanged, every layer names the same content
      recovered    the signature was lost; the watermark led to a stored one
      marked       an unsigned label or watermark was found
      suspected    only traces
      conflicting  the layers contradict each other
      unmarked     nothing was found
    """  # noqa: D301
    from synthmark import batch, media, targets
    from synthmark.cli import plot as drawing
    from synthmark.keys import OPEN_KEY, WatermarkKey
    from synthmark.manifest import Trust
    from synthmark.report import SCHEMA
    from synthmark.verifier import Verifier

    if sources.count("-") > 1:
        raise UsageError("standard input (-) can be read once")
    if plot is not None:
        _check_plot(plot, sources)
    keys = [OPEN_KEY, *([WatermarkKey.from_file(watermark_key)] if watermark_key else [])]
    codes = []
    with settings.open_store(store) as opened:
        verifier = Verifier(keys=keys, trust=Trust.from_files(trust), store=opened)

        def work(source: str) -> Report:
            asset = sys.stdin.buffer if source == "-" else Path(source)
            if plot is None:
                with render.steps(source, len(sources)) as step:
                    return verifier.verify(asset, progress=step)
            file = media.Source.of(asset)
            found = verifier.verify(file)
            targets.write_whole(Path(plot), drawing.draw(source, file, found, keys))
            return found

        with render.progress(len(sources), "verifying") as advance:
            for outcome in batch.run(work, sources):
                if outcome.result is not None:
                    codes.append(_told(outcome.job, outcome.result, as_json))
                elif outcome.error is not None:
                    render.failure(outcome.job, outcome.error, schema=SCHEMA if as_json else None)
                    codes.append(exits.exit_code(outcome.error))
                advance()
    return exits.worst(codes)


def _told(source: str, report: Report, as_json: bool) -> int:
    """Print what was found in one file; return its exit code."""
    from synthmark.report import Verdict

    if as_json:
        record = {"file": source, **report.to_json()}
        record["findings"] = render.as_json(report.findings)
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        render.report(source, report)
    labelled = report.verdict in (Verdict.VERIFIED, Verdict.RECOVERED, Verdict.MARKED)
    return exits.LABELLED if labelled else exits.NOT_LABELLED


def _check_plot(target: str, sources: tuple[str, ...]) -> None:
    from synthmark.cli import plot

    if len(sources) > 1:
        raise UsageError("--plot draws one file: name one")
    if Path(target).exists():
        raise TargetError(f"{target}: exists already; name another", code="target.exists")
    plot.check()
