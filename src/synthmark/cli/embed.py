"""synthmark embed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthmark import settings
from synthmark.cli import exits, options, render
from synthmark.errors import TargetError, UsageError

if TYPE_CHECKING:
    from synthmark.embedder import Embedder, EmbedResult
    from synthmark.label import Label
    from synthmark.media import Input

_SCHEMA = "synthmark.embedded/1"


@click.command("embed")
@click.argument("sources", metavar="IN...", nargs=-1, required=True)
@click.option("-o", "output", metavar="OUT|DIR|-", help="Where to write; beside the input else.")
@click.option("-f", "force", is_flag=True, help="Replace a target that exists.")
@options.shared("provider", "model", "strength", "cert", "key", "watermark_key", "store")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each output.")
def command(
    sources: tuple[str, ...],
    output: str | None,
    force: bool,
    provider: str | None,
    model: str | None,
    strength: str | None,
    cert: str | None,
    key: str | None,
    watermark_key: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Label pictures and sounds: watermark, AIGC label, signed manifest.

    Without --cert and --key a development certificate signs: good for trying out, evidence of
    nothing. Without -o the output lies beside the input as NAME.labelled.EXT. A single - is
    standard input or output.

    \b
    Examples:
      synthmark embed picture.png -o labelled.png --model acme-xl/3.1
      synthmark embed speech.wav --model acme-voice/2
      synthmark embed *.jpg -o labelled/ --cert chain.pem --key key.pem
    """  # noqa: D301
    from synthmark.embedder import Embedder
    from synthmark.facts import Strength
    from synthmark.keys import OPEN_KEY, WatermarkKey
    from synthmark.label import Label, Provider
    from synthmark.manifest import Signer

    if (cert is None) != (key is None):
        raise UsageError("--cert and --key go together: give both or neither")
    if output == "-" and (as_json or len(sources) > 1):
        raise UsageError("-o - writes one file to standard output: one input, and no --json")
    targets = _plan(sources, output)
    signer = Signer.from_files(cert, key) if cert and key else Signer.development()
    with settings.open_store(store) as opened:
        embedder = Embedder(
            provider=Provider(code=provider or ""),
            signer=signer,
            key=WatermarkKey.from_file(watermark_key) if watermark_key else OPEN_KEY,
            strength=Strength(strength or "invisible"),
            store=opened,
        )
        label = Label(model=model or "")
        return _embed_all(embedder, label, targets, force, as_json)


def _plan(sources: tuple[str, ...], output: str | None) -> dict[str, Path | None]:
    """Return a target for each source, None for standard output.

    Raises:
        UsageError: Two sources would get one target, one is a directory, or an option does not fit.
    """
    if "-" in sources and len(sources) > 1:
        raise UsageError("standard input (-) stands alone")
    folder = output is not None and (output.endswith("/") or os.path.isdir(output))
    if len(sources) > 1 and output is not None and not folder:
        raise UsageError(f"-o {output}: for several inputs name a directory (ending in /)")
    targets: dict[str, Path | None] = {}
    for source in sources:
        path = Path(source)
        if source != "-" and path.is_dir():
            raise UsageError(f"{path}: is a directory; name the files in it")
        if output == "-" or (output is None and source == "-"):
            target = None
        elif output is None:
            target = path.with_name(f"{path.stem}.labelled{path.suffix}")
        elif folder:
            if source == "-":
                raise UsageError("-o: name a file for what comes from standard input")
            target = Path(output) / path.name
        else:
            target = Path(output)
        if target is not None and target in targets.values():
            raise TargetError(f"{target}: two inputs would be written there")
        targets[source] = target
    if folder and output is not None:
        try:
            Path(output).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TargetError(
                f"{output}: cannot be made ({error.strerror})", code="target.unwritable"
            ) from None
    return targets


def _embed_to_stdout(embedder: Embedder, label: Label, source: Input) -> EmbedResult:
    if sys.stdout.isatty():
        raise UsageError("refusing to write media to the terminal; redirect it or use -o FILE")
    result = embedder.embed(source, label, target=sys.stdout.buffer)
    sys.stdout.buffer.flush()
    return result


def _embed_all(
    embedder: Embedder, label: Label, targets: dict[str, Path | None], force: bool, as_json: bool
) -> int:
    from synthmark import batch

    def work(job: tuple[str, Path | None]) -> EmbedResult:
        name, target = job
        source = sys.stdin.buffer if name == "-" else Path(name)
        if target is None:
            return _embed_to_stdout(embedder, label, source)
        with render.steps(name, len(targets)) as step:
            return batch.embed_file(embedder, source, target, label, overwrite=force, progress=step)

    codes = []
    with render.progress(len(targets), "labelling") as advance:
        for outcome in batch.run(work, targets.items()):
            source, target = outcome.job
            if outcome.result is not None:
                _tell(source, str(target or "-"), outcome.result, as_json)
                codes.append(exits.LABELLED)
            elif outcome.error is not None:
                render.failure(source, outcome.error, schema=_SCHEMA if as_json else None)
                codes.append(exits.exit_code(outcome.error))
            advance()
    return exits.worst(codes)


def _tell(source: str, target: str, result: EmbedResult, as_json: bool) -> None:
    if as_json:
        record = {
            "schema": _SCHEMA,
            "file": source,
            "output": target,
            "media_type": result.media_type,
            "content_id": str(result.content_id),
            "psnr": None if result.psnr is None else round(result.psnr, 2),
            "snr": None if result.snr is None else round(result.snr, 2),
            "margin": round(result.margin, 2),
            "findings": render.as_json(result.findings),
            "timings": dict(result.timings),
        }
        click.echo(json.dumps(record, ensure_ascii=False))
        return
    click.echo(f"{source} -> {target}  {result.content_id}", err=True)
    render.findings(result.findings, err=True)
