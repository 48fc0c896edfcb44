"""synthmark inspect."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synthmark.cli import exits, render

if TYPE_CHECKING:
    from synthmark.assets import Signal


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
    from synthmark import facts, labels, manifest, media
    from synthmark.assets.pictures import PictureSignal
    from synthmark.assets.sounds import SoundSignal
    from synthmark.errors import UnsupportedError
    from synthmark.facts import Medium
    from synthmark.keys import OPEN_KEY
    from synthmark.limits import Limits

    limits = Limits()
    asset = sys.stdin.buffer if source == "-" else Path(source)
    data = media.load(asset, limits=limits)
    format = media.sniff(data)
    found: dict[str, Any] = {
        "schema": "synthmark.inspection/1",
        "file": source,
        "media_type": format.media_type,
        "bytes": len(data),
    }
    kind = format.medium.value
    try:
        if format.medium is Medium.SOUND:
            sound = media.decode_sound(data, limits=limits)
            signal: Signal = SoundSignal(sound)
            found[kind] = media.describe_sound(sound)
        else:
            picture = media.decode(data, limits=limits)
            signal = PictureSignal(picture)
            height, width = picture.pixels.shape[:2]
            found[kind] = {"width": width, "height": height} | media.describe(picture)
    except UnsupportedError as error:
        found[kind] = {"unsupported": error.message}
    else:
        found["watermark"] = facts.to_json(signal.detect([OPEN_KEY]).layer)
        found["fingerprint"] = signal.fingerprint().code
    found["labels"] = facts.to_json(labels.read(data, format, limits=limits))
    found["manifest"] = manifest.describe(data, format, limits=limits)
    return found
