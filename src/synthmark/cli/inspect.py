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
    from synthmark import fingerprint, labels, manifest, media, watermark
    from synthmark.errors import UnsupportedError
    from synthmark.label import ContentId
    from synthmark.limits import Limits

    limits = Limits()
    asset = sys.stdin.buffer if source == "-" else Path(source)
    data = media.load(asset, limits=limits)
    media_type = media.sniff(data)
    found: dict[str, Any] = {
        "schema": "synthmark.inspection/1",
        "file": source,
        "media_type": media_type,
        "bytes": len(data),
    }
    try:
        picture = media.decode(data, limits=limits)
    except UnsupportedError as error:
        found["picture"] = {"unsupported": error.message}
    else:
        height, width = picture.pixels.shape[:2]
        found["picture"] = {"width": width, "height": height} | media.describe(picture)
        mark = watermark.image.detect(media.on_white(picture))
        found["watermark"] = {
            "state": mark.state.value,
            "payload": mark.payload.hex() if mark.payload is not None else None,
            "content_id": str(ContentId(mark.payload)) if mark.payload is not None else None,
            "key": mark.key,
            "p_value": mark.p_value,
        }
        found["fingerprint"] = fingerprint.fingerprint(media.on_white(picture)).iscc
    found["labels"] = labels.read(data, media_type, limits=limits).to_json()
    found["manifest"] = manifest.describe(data, media_type, limits=limits)
    return found
