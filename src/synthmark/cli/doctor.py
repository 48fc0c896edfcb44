"""synthmark doctor."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable

import click

import synthmark
from synthmark import settings
from synthmark.cli import exits, options
from synthmark.errors import SynthmarkError

_LIBRARIES = (
    "numpy",
    "numba",
    "opencv-python-headless",
    "pillow",
    "soundfile",
    "soxr",
    "c2pa-python",
    "cryptography",
    "iscc-core",
)


@click.command("doctor")
@options.shared("store")
def command(store: str | None) -> int:
    """Show versions, settings and places, and check that all works."""
    click.echo(f"synthmark {synthmark.__version__}, Python {platform.python_version()}")
    for library in _LIBRARIES:
        click.echo(f"  {library:<24} {importlib.metadata.version(library)}")
    click.echo("settings")
    for name in settings.NAMES:
        value, place = settings.origin(name)
        click.echo(f"  {name:<24} {value if value is not None else '-'}  ({place})")
    click.echo("checks")
    codes = [
        _check("kernel cache", _kernels),
        _check("development certificate", _certificate),
        _check("manifest store", lambda: _store(store)),
        _check("embed and verify", _round_trip),
    ]
    return exits.worst(codes)


def _check(title: str, check: Callable[[], str]) -> int:
    try:
        click.echo(f"  {title:<24} {check()}")
    except SynthmarkError as error:
        click.echo(f"  {title:<24} FAILED: {error}")
        return exits.exit_code(error)
    return exits.LABELLED


def _kernels() -> str:
    from synthmark.watermark import jit

    return jit.cache_place() or "off: kernels are compiled in every process"


def _certificate() -> str:
    from synthmark.manifest import development

    made = development()
    return f"{made.chain}, valid until {made.expires:%Y-%m-%d}"


def _store(uri: str | None) -> str:
    with settings.open_store(uri) as opened:
        return f"{opened.uri}, {len(opened)} manifests"


def _round_trip() -> str:
    """Label a drawn picture in memory and verify it; the store is left alone."""
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.radial_gradient("L").resize((512, 512)).convert("RGB").save(file, "PNG")
    result = synthmark.Embedder().embed(file.getvalue())
    seconds = sum(result.timings.values())
    return f"{result.report.verdict.value} in {seconds:.2f} s, kernels loaded in that time"
