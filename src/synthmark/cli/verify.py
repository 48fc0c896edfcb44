"""synthmark verify."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthmark.cli import exits, render, settings
from synthmark.errors import UsageError

if TYPE_CHECKING:
    from synthmark.report import Report


@click.command("verify")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@settings.shared("store", "trust", "watermark_key")
def command(
    sources: tuple[str, ...],
    as_json: bool,
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
    from synthmark import batch
    from synthmark.keys import OPEN_KEY, WatermarkKey
    from synthmark.manifest import Trust
    from synthmark.report import SCHEMA, Verdict
    from synthmark.verifier import Verifier

    if sources.count("-") > 1:
        raise UsageError("standard input (-) can be read once")
    keys = [OPEN_KEY, *([WatermarkKey.from_file(watermark_key)] if watermark_key else [])]
    codes = []
    with settings.open_store(store) as opened:
        verifier = Verifier(keys=keys, trust=Trust.from_files(trust), store=opened)

        def work(source: str) -> Report:
            return verifier.verify(sys.stdin.buffer if source == "-" else Path(source))

        with render.progress(len(sources), "verifying") as advance:
            for outcome in batch.run(work, sources):
                report = outcome.result
                if report is not None:
                    if as_json:
                        record = {"file": outcome.job, **report.to_json()}
                        click.echo(json.dumps(record, ensure_ascii=False))
                    else:
                        render.report(outcome.job, report)
                    labelled = (Verdict.VERIFIED, Verdict.RECOVERED, Verdict.MARKED)
                    codes.append(
                        exits.LABELLED if report.verdict in labelled else exits.NOT_LABELLED
                    )
                elif outcome.error is not None:
                    render.failure(outcome.job, outcome.error, schema=SCHEMA if as_json else None)
                    codes.append(exits.exit_code(outcome.error))
                advance()
    return exits.worst(codes)
