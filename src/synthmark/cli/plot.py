"""The picture that `synthmark verify --plot` draws: where in a sound a mark was found."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from synthmark.errors import UsageError

if TYPE_CHECKING:
    from synthmark.keys import WatermarkKey
    from synthmark.media import Source
    from synthmark.report import Report

_COLUMNS = 1200
_COLOURS = ("#1b7837", "#762a83", "#2166ac", "#b35806", "#c51b7d", "#35978f")


def check() -> None:
    """Raise UsageError when matplotlib, an extra, is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError(
            "--plot needs matplotlib: pip install 'synthmark[plot]'", code="usage.plot"
        ) from None


def draw(name: str, source: Source, report: Report, keys: list[WatermarkKey]) -> bytes:
    """Return a PNG: the sound over time with the parts found, the sync score, the confidence.

    Args:
        name: Of the file, for the title.
        source: The file.
        report: What was found in it.
        keys: Those that were tried; the one that was found counts, else the first.

    Raises:
        UsageError: It is no sound.
    """
    from matplotlib.figure import Figure

    from synthmark import media
    from synthmark.facts import Medium
    from synthmark.watermark.timeline import timeline

    format = source.format
    if format.medium is not Medium.SOUND:
        raise UsageError(f"{name}: --plot draws sound, this is {format.name}")
    sound = media.Sound.decode(source.data, format)
    mark = report.watermark
    named = (mark.key, mark.best.public)
    key = next((each for each in keys if (each.name, each.public) == named), keys[0])
    moved = [(part.start, part.end, part.stretch, part.pitch) for part in mark.segments]
    wave = sound.wave
    seconds = len(wave) / sound.track.sample_rate
    found = timeline(wave, sound.track.sample_rate, key=key, moved=moved)

    figure = Figure(figsize=(11, 6.5), layout="constrained")
    over, score, sure = figure.subplots(3, 1, sharex=True, height_ratios=(2, 1.4, 1.1))
    figure.suptitle(f"{name}: {report.verdict.value}")
    _envelope(over, wave, seconds)
    colours = dict(zip(mark.content_ids, _COLOURS, strict=False))
    for part in mark.segments:
        colour = colours.get(part.content_id, "#555555")
        for axes in (over, score, sure):
            axes.axvspan(part.start, part.end, color=colour, alpha=0.18, linewidth=0)
        label = (
            f"{part.content_id}, {8 * len(part.payload)} bits, {part.start:.1f} .. {part.end:.1f} s"
        )
        over.plot([], [], color=colour, linewidth=6, alpha=0.4, label=label)
    if mark.segments:
        over.legend(loc="upper right", fontsize="small")
    over.set_ylabel("level")
    score.plot(found.times, found.scores, color="#333333", marker=".", markersize=3)
    score.set_ylabel("sync score, 5 s")
    score.set_ylim(bottom=0)
    sure.plot(found.times, found.confidence, color="#333333", marker=".", markersize=3)
    sure.set_ylabel("1 - chance")
    sure.set_ylim(-0.05, 1.05)
    sure.set_xlabel("seconds")
    sure.set_xlim(0, seconds)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110, metadata={"Software": "synthmark"})
    return file.getvalue()


def _envelope(axes: Any, wave: np.ndarray[Any, np.dtype[np.float32]], seconds: float) -> None:
    """Draw the least and the greatest sample of each column."""
    edges = np.linspace(0, len(wave), min(_COLUMNS, len(wave)) + 1).astype(np.int64)[:-1]
    low = np.minimum.reduceat(wave.min(axis=1), edges)
    high = np.maximum.reduceat(wave.max(axis=1), edges)
    times = edges / len(wave) * seconds
    axes.fill_between(times, low, high, color="#9aa5b1", linewidth=0)
