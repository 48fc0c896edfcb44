"""synthmark inspect."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from synthmark.cli import exits, render


@click.command("inspect")
@click.argument("source", metavar="FILE")
def command(source: str) -> int:
    """Show everything that is there as JSON, without judgement.

    The container, every metadata label, the manifest store as the C2PA reader gives it, the
    watermark and the fingerprint.
    """
    from synthmark.errors import MediaError

    try:
        found = _inspect(source)
    except MediaError as error:
        render.failure(source, error, schema=None)
        return exits.exit_code(error)
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    return exits.LABELLED


def _inspect(source: str) -> dict[str, Any]:
    from synthmark import assets, facts, labels, manifest, media
    from synthmark.errors import UnsupportedError
    from synthmark.keys import OPEN_KEY
    from synthmark.limits import Limits

    limits = Limits()
    file = media.Source.of(sys.stdin.buffer if source == "-" else Path(source), limits=limits)
    found: dict[str, Any] = {
        "schema": "synthmark.inspection/1",
        "file": source,
        "media_type": file.format.media_type,
        "bytes": len(file.data),
    }
    kind = file.format.medium.value
    try:
        asset = assets.open(file, limits=limits)
    except UnsupportedError as error:
        found[kind] = {"unsupported": error.message}
    else:
        found[kind] = asset.describe()
        found["watermark"] = facts.to_json(asset.look([OPEN_KEY]).layer)
        found["fingerprint"] = asset.fingerprint().code
    found["labels"] = facts.to_json(labels.read(file.data, file.format, limits=limits))
    found["manifest"] = manifest.describe(file.data, file.format, limits=limits)
    return found
