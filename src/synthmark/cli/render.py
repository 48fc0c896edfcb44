"""Reports for people: plain lines, colour and progress only on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from synthmark import facts, words
from synthmark.facts import Finding, ManifestReason, ManifestState, Severity, WatermarkState
from synthmark.report import Report, Verdict

if TYPE_CHECKING:
    from synthmark.errors import SynthmarkError

_COLOURS = {
    Verdict.VERIFIED: "green",
    Verdict.RECOVERED: "green",
    Verdict.MARKED: "yellow",
    Verdict.SUSPECTED: "yellow",
    Verdict.CONFLICTING: "red",
}
_SIGNS = {Severity.ERROR: "!", Severity.WARNING: "-", Severity.INFO: " "}


def report(name: str, found: Report) -> None:
    """Print one report to standard output."""
    verdict = found.verdict
    click.echo(
        f"{name}: {click.style(verdict.value.upper(), fg=_COLOURS.get(verdict), bold=True)}"
        f" - {words.VERDICTS[verdict]}"
    )
    rows = [
        ("content id", str(found.content_id or _ids(found))),
        ("watermark", _watermark(found)),
        ("AIGC label", _aigc(found)),
        ("source type", (found.labels.digital_source_type or "none").rsplit("/", 1)[-1]),
        ("manifest", _manifest(found)),
    ]
    rows[2:2] = [("from .. to", text) for text in _parts(found)]
    for title, text in rows:
        click.echo(f"  {title:<12} {text}")
    findings(found.findings)


def findings(found: tuple[Finding, ...], *, err: bool = False) -> None:
    """Print findings, one line each."""
    for finding in found:
        click.echo(
            f"  {_SIGNS[finding.severity]} {words.sentence(finding)} [{finding.code}]", err=err
        )


def as_json(found: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Return findings as JSON-ready values, each with its sentence as its message."""
    return [facts.to_json(each) | {"message": words.sentence(each)} for each in found]


def failure(name: str, error: SynthmarkError, *, schema: str | None) -> None:
    """Say why a file could not be worked on: one line, or one JSON object under `schema`."""
    if schema:
        fault = {"code": error.code, "message": error.message}
        click.echo(json.dumps({"schema": schema, "file": name, "error": fault}, ensure_ascii=False))
    else:
        where = "" if error.message.startswith(f"{name}:") else f"{name}: "
        click.echo(f"synthmark: {where}{error.message}", err=True)


@contextmanager
def progress(count: int, word: str) -> Iterator[Callable[[], None]]:
    """Show a progress bar on standard error while several files are worked on."""
    if count < 2 or not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=count, label=word, file=sys.stderr) as bar:
        yield lambda: bar.update(1)


@contextmanager
def steps(name: str, count: int) -> Iterator[Callable[[str], None] | None]:
    """Show which step one file is at, on standard error, while it alone is worked on."""
    if count > 1 or not sys.stderr.isatty():
        yield None
        return
    try:
        yield lambda step: click.echo(f"\r\033[K{name}: {step} ...", err=True, nl=False)
    finally:
        click.echo("\r\033[K", err=True, nl=False)


def _ids(found: Report) -> str:
    named = found.content_ids
    return ", ".join(f"{text} ({layer})" for layer, text in named.items()) or "none"


def _watermark(found: Report) -> str:
    layer = found.watermark
    if layer.state is WatermarkState.DECODED:
        turned = ""
        geometry = layer.best.geometry
        if geometry and geometry.mirrored:
            turned += ", mirrored"
        if geometry and geometry.inverted:
            turned += ", inverted"
        if geometry and geometry.rotation:
            turned += f", turned by {geometry.rotation:.3g} degrees"
        return f"decoded with key {layer.key}{turned}, chance of error <= {layer.p_value:.0e}"
    if layer.state is WatermarkState.PRESENT:
        key = f" with key {layer.key}" if layer.key else ""
        return f"present{key}, but not readable, p = {layer.p_value:.0e}"
    return "not looked for" if layer.state is WatermarkState.SKIPPED else "not found"


def _parts(found: Report) -> list[str]:
    """Say where in a sound which id lies."""
    texts = []
    for part in found.watermark.segments:
        form = ", short form" if part.short else ""
        played = ""
        if abs(part.stretch - 1) > 0.002:
            played += f", {part.stretch:.3f} times as long"
        if abs(part.pitch - 1) > 0.002:
            played += f", pitch times {part.pitch:.3f}"
        texts.append(f"{part.start:.1f} .. {part.end:.1f} s  {part.content_id}{form}{played}")
    return texts


def _aigc(found: Report) -> str:
    label = found.labels.aigc
    if label is None:
        return "not found"
    conforms = "conforms to GB 45438-2025" if label.conforms else "does not conform"
    producer = label.values.get("ContentProducer") or "no producer"
    return f"{conforms}, {producer}, in {label.place}"


def _manifest(found: Report) -> str:
    layer = found.manifest
    if layer.state is ManifestState.ABSENT:
        return "none"
    words = [layer.state.value]
    if layer.reason.value != layer.state.value and layer.reason is not ManifestReason.NONE:
        words.append(f"({layer.reason.value})")
    if layer.signer:
        words.append(f"signed by {layer.signer}")
    if layer.time:
        words.append(f"at {layer.time}")
    return " ".join(words)
