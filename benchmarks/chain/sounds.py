"""The whole chain on real sounds: labelled in every format, saved again, checked by others.

The first 15 s of each sound. Verdicts through the command line; recovery after saving again in
other codecs without metadata; false positives on the unmarked originals; tags kept; independent
readers and checkers.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import encypher_c2pa
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from benchmarks import commands
from benchmarks.run import Run, begin, say, table, wilson
from synthmark import Verdict, Verifier, batch, media, open_store
from synthmark.manifest import development
from synthmark.media import Block, Metadata
from synthmark.media.formats import M4A, MP3, WAV
from synthmark.media.parts import id3, vorbis
from synthmark.media.sounds import m4a

Wave = NDArray[np.float32]

CODE = "001191110102MACQD9K64010000"
TITLE = "A title"
SECONDS = 15
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)


@dataclass(frozen=True, slots=True)
class Format:
    """How a sound is written: libsndfile's words, or AAC, with bits a second where it is lossy."""

    suffix: str
    kind: str
    subtype: str
    bit_rate: int = 0


FORMATS = {
    "WAV, 16 bit": Format(".wav", "WAV", "PCM_16"),
    "WAV, 24 bit": Format(".wav", "WAV", "PCM_24"),
    "WAV, 32 bit": Format(".wav", "WAV", "PCM_32"),
    "WAV, float": Format(".wav", "WAV", "FLOAT"),
    "FLAC, 16 bit": Format(".flac", "FLAC", "PCM_16"),
    "FLAC, 24 bit": Format(".flac", "FLAC", "PCM_24"),
    "MP3, 192 kbit/s": Format(".mp3", "MP3", "MPEG_LAYER_III", 192_000),
    "MP3, 64 kbit/s": Format(".mp3", "MP3", "MPEG_LAYER_III", 64_000),
    "Vorbis, 112 kbit/s": Format(".ogg", "OGG", "VORBIS", 112_000),
    "Opus, 64 kbit/s": Format(".opus", "OGG", "OPUS", 64_000),
    "M4A, 96 kbit/s": Format(".m4a", "M4A", "AAC", 96_000),
}


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sound before and after `synthmark embed`."""

    source: Path
    target: Path
    content_id: str
    snr: float


def main() -> None:
    run = begin(__doc__, limit_help="use only so many sounds")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands.settle(folder)
        results = measure(run, folder)
    run.save(results)


def measure(run: Run, folder: Path) -> dict[str, Any]:
    assert run.data is not None
    sounds = run.thinned(sorted((run.data / "audio").glob("*.flac")))
    uri = f"sqlite:///{folder / 'manifests.db'}"
    results: dict[str, Any] = {"sounds": len(sounds)}
    verdicts, shared, others = {}, {}, {}
    with open_store(uri) as store:
        verifier = Verifier(store=store)
        for name, form in FORMATS.items():
            say(f"labelling {len(sounds)} sounds as {name}")
            place = folder / name.replace(", ", "-").replace(" ", "").replace("/", "")
            group, refused = label(sounds, form, place, uri)
            verdicts[name] = {"refused": refused} | verdicts_of(group, uri)
            others[name] = check(group)
            ways = ATTACKS if name == FIRST or form.bit_rate else FEW
            say(f"saving them again in {len(ways)} ways")
            shared[name] = attack(verifier, group, ways)
        results["originals"] = originals(verifier, sounds)
    results |= {"verdicts": verdicts, "shared": shared, "others": others}
    show(results)
    return results


# --- files ---------------------------------------------------------------------------------------


def read(source: Path | bytes) -> tuple[Wave, int]:
    """Decode with libraries alone: float32 (n, channels), and the rate."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    if data[4:8] == b"ftyp":
        opened: Any = av.open(io.BytesIO(data))
        with opened as container:
            frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
            rate = container.streams.audio[0].rate
        return np.ascontiguousarray(np.concatenate(frames, axis=1).T, np.float32), int(rate)
    wave, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return np.asarray(wave, np.float32), int(rate)


def coded(wave: Wave, rate: int, form: Format) -> bytes:
    """Encode without any metadata; Opus at the next rate that it knows."""
    file = io.BytesIO()
    if form.kind == "M4A":
        layout = ("mono", "stereo")[wave.shape[1] - 1]
        planar = np.ascontiguousarray(wave.T)
        with av.open(file, "w", format="ipod") as container:
            stream: Any = container.add_stream("aac", rate=rate, layout=layout)
            stream.bit_rate = form.bit_rate
            for begin_ in range(0, planar.shape[1], 1024):
                part = np.ascontiguousarray(planar[:, begin_ : begin_ + 1024])
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = rate, begin_
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return file.getvalue()
    if form.subtype == "OPUS" and rate not in OPUS_RATES:
        wave, rate = np.asarray(soxr.resample(wave, rate, 48_000), np.float32), 48_000
    options: dict[str, Any] = {}
    if form.subtype == "MPEG_LAYER_III":
        top, bottom = (320e3, 32e3) if rate >= 32_000 else (160e3, 8e3)
        level = (top - min(form.bit_rate, top)) / (top - bottom)
        options = {"bitrate_mode": "CONSTANT", "compression_level": level}
    elif form.subtype == "OPUS":
        level = 1 - (form.bit_rate / wave.shape[1] - 6e3) / 250e3
        options = {"compression_level": float(np.clip(level, 0, 1))}
    elif form.subtype == "VORBIS":
        options = {"compression_level": {112_000: 0.7, 64_000: 1.0}[form.bit_rate]}
    with soundfile.SoundFile(
        file, "w", rate, wave.shape[1], format=form.kind, subtype=form.subtype, **options
    ) as target:
        for begin_ in range(0, len(wave), 2**16):
            target.write(wave[begin_ : begin_ + 2**16])
    return file.getvalue()


def titled(data: bytes) -> bytes:
    """Put a title where the format has its own place for one."""
    format = media.sniff(data)
    if format is WAV:
        entry = b"INFOINAM" + len(TITLE + "\0").to_bytes(4, "little") + TITLE.encode() + b"\0"
        wrap = data + b"LIST" + len(entry).to_bytes(4, "little") + entry
        return wrap[:4] + (len(wrap) - 8).to_bytes(4, "little") + wrap[8:]
    if format is MP3:
        text = b"\3" + TITLE.encode()
        frame = Block("TIT2", b"TIT2" + len(text).to_bytes(4) + bytes(2) + text)
        return id3.build(id3.Tag(4, (frame,))) + data
    if format is M4A:
        block = m4a.keyed("title", TITLE)
    else:
        block = Block(vorbis.COMMENT, f"TITLE={TITLE}".encode())
    sound, metadata = media.Sound.decode(data), Metadata(blocks=(block,))
    if sound.track.lossless:
        return sound.encode(metadata)
    return bytes(sound.assemble(io.BytesIO(data), metadata))


# --- claim 1: verified, one id in every layer, tags kept -----------------------------------------


def label(
    sounds: list[Path], form: Format, folder: Path, uri: str
) -> tuple[list[Labelled], list[str]]:
    """Write titled copies of the sounds and label them by the command line."""
    (folder / "source").mkdir(parents=True)
    sources = []
    for path in sounds:
        source = folder / "source" / f"{path.stem}{form.suffix}"
        wave, rate = read(path)
        source.write_bytes(titled(coded(wave[: SECONDS * rate], rate, form)))
        sources.append(source)
    printed = commands.lines(
        "embed",
        *sources,
        *("-o", f"{folder / 'labelled'}/", "--json", "--store", uri),
        *("--provider", CODE, "--model", "bench/1.0"),
    )
    refused = []
    for line in printed:
        if "error" in line:
            refused.append(Path(line["file"]).stem)
            say(f"  {refused[-1]}: {line['error']['message']}")
    done = [line for line in printed if "error" not in line]
    return [
        Labelled(Path(line["file"]), Path(line["output"]), line["content_id"], line["snr"])
        for line in done
    ], refused


def verdicts_of(group: list[Labelled], uri: str) -> dict[str, Any]:
    """Verify by the command line; count ids that agree, and sources that are unmarked."""
    lines = commands.lines("verify", "--json", "--store", uri, *(each.target for each in group))
    agreeing = sum(
        {
            line["content_id"],
            line["watermark"]["content_id"],
            line["labels"]["aigc"]["values"]["ProduceID"],
        }
        == {each.content_id}
        for each, line in zip(group, lines, strict=True)
    )
    return {
        "labelled": len(group),
        "verdicts": Counter(line["verdict"] for line in lines),
        "ids agree": agreeing,
        "short forms": sum(
            line["watermark"]["tracks"][0]["found"]["segments"][0]["short"] for line in lines
        ),
        "snr mean": float(np.mean([each.snr for each in group])),
    }


# --- claim 2: recovered after saving again -------------------------------------------------------


def _as(form: Format) -> Callable[[Wave, int], bytes]:
    return lambda wave, rate: coded(wave, rate, form)


def _phone(wave: Wave, rate: int) -> bytes:
    mono = np.asarray(soxr.resample(wave.mean(axis=1, keepdims=True), rate, 8_000), np.float32)
    return coded(mono, 8_000, Format(".wav", "WAV", "ULAW"))


def _middle(wave: Wave, rate: int) -> bytes:
    """Cut 5 s out of the middle; of less, all but half a second at either end."""
    length = min(5 * rate, len(wave) - rate)
    start = (len(wave) - length) // 2
    return coded(
        wave[start : start + length], rate, Format(".mp3", "MP3", "MPEG_LAYER_III", 64_000)
    )


def _faster(wave: Wave, rate: int) -> bytes:
    quick = np.asarray(soxr.resample(wave, rate, rate / 1.05), np.float32)
    return coded(quick, rate, Format(".mp3", "MP3", "MPEG_LAYER_III", 96_000))


ATTACKS: dict[str, Callable[[Wave, int], bytes]] = {
    "MP3 at 128": _as(Format(".mp3", "MP3", "MPEG_LAYER_III", 128_000)),
    "MP3 at 64": _as(Format(".mp3", "MP3", "MPEG_LAYER_III", 64_000)),
    "AAC at 64": _as(Format(".m4a", "M4A", "AAC", 64_000)),
    "Vorbis, lowest": _as(Format(".ogg", "OGG", "VORBIS", 64_000)),
    "Opus at 32": _as(Format(".opus", "OGG", "OPUS", 32_000)),
    "telephone, mu-law": _phone,
    "5 s of the middle, MP3 at 64": _middle,
    "5 % faster, MP3 at 96": _faster,
}


FIRST = "WAV, 16 bit"
# The other lossless formats hold the same sound, to a hair.
FEW = {name: ATTACKS[name] for name in ("MP3 at 64", "Opus at 32", "5 s of the middle, MP3 at 64")}


def attack(
    verifier: Verifier, group: list[Labelled], ways: dict[str, Callable[[Wave, int], bytes]]
) -> dict[str, Any]:
    """Save marked sounds again in these ways and verify them."""

    def work(each: Labelled) -> dict[str, tuple[bool, str]]:
        wave, rate = read(each.target)
        found = {}
        for name, resave in ways.items():
            report = verifier.verify(resave(wave, rate))
            right = (
                report.verdict is Verdict.RECOVERED and str(report.content_id) == each.content_id
            )
            found[name] = right, report.verdict.value
        return found

    rows: dict[str, Any] = {
        name: {"recovered": 0, "trials": 0, "verdicts": Counter(), "missed": []} for name in ways
    }
    for outcome in batch.run(work, group, workers=1):
        assert outcome.result is not None, outcome.error
        for name, (right, verdict) in outcome.result.items():
            row = rows[name]
            row["trials"] += 1
            row["recovered"] += right
            row["verdicts"][verdict] += 1
            if not right:
                row["missed"].append(outcome.job.source.stem)
    return rows


def originals(verifier: Verifier, sounds: list[Path]) -> dict[str, Any]:
    """Verify the unmarked sounds, saved again in every way."""
    say("verifying the unmarked originals")
    verdicts: Counter[str] = Counter()
    for path in sounds:
        wave, rate = read(path)
        wave = wave[: SECONDS * rate]
        for resave in (lambda wave, rate: coded(wave, rate, FORMATS[FIRST]), *FEW.values()):
            verdicts[verifier.verify(resave(wave, rate)).verdict.value] += 1
    return {"trials": verdicts.total(), "verdicts": verdicts}


# --- claim 3: others agree -----------------------------------------------------------------------


def check(group: list[Labelled]) -> dict[str, Any]:
    """Let ffprobe read title and label, and a C2PA checker that shares no code with ours check."""
    root = Path(development().root).read_text("utf-8")
    found: dict[str, Any] = {"files": len(group), "title": 0, "label": 0, "c2pa": Counter()}
    for each in group:
        tags = probed(each.target)
        found["title"] += tags.get("title") == TITLE
        text = tags.get("aigc") or chunk(each.target)
        found["label"] += json.loads(text or "{}").get("ProduceID") == each.content_id
        if each.target.suffix in (".wav", ".mp3", ".flac", ".m4a"):
            report = encypher_c2pa.verify(each.target, trust_pem=root, telemetry=False)
            found["c2pa"][str(report["validation_state"])] += 1
    return found


def probed(path: Path) -> dict[str, str]:
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    tags = found["format"].get("tags", {}) | found["streams"][0].get("tags", {})
    return {name.lower(): text for name, text in tags.items()}


def chunk(path: Path) -> str:
    """Return the AIGC chunk of a WAV, which exiftool shows and ffprobe does not."""
    if path.suffix != ".wav" or not shutil.which("exiftool"):
        return ""
    command = ["exiftool", "-U", "-b", "-Unknown_AIGC", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)
    return done.stdout.rstrip(b"\0").decode()


# --- tables --------------------------------------------------------------------------------------


def show(results: dict[str, Any]) -> None:
    count = results["sounds"]
    table(
        f"Through the command line: synthmark embed, then synthmark verify --json; {count} sounds",
        ("format", "labelled", "verified", "one id", "short form", "SNR, dB"),
        (
            (
                name,
                each["labelled"],
                each["verdicts"]["verified"],
                each["ids agree"],
                each["short forms"],
                each["snr mean"],
            )
            for name, each in results["verdicts"].items()
        ),
    )
    table(
        "Read by others in every written file",
        ("format", "files", "title kept", "AIGC label", "encypher-c2pa says"),
        (
            (
                name,
                each["files"],
                each["title"],
                each["label"],
                ", ".join(f"{state}: {number}" for state, number in each["c2pa"].items())
                or "manifest in the store",
            )
            for name, each in results["others"].items()
        ),
    )
    names = list(FORMATS)
    table(
        "Recovered with the right id after losing all metadata, of those labelled",
        ("saved again as", *names, "all", "per cent", "95 % interval"),
        (
            _row(attack, [results["shared"][name].get(attack) for name in names])
            for attack in ATTACKS
        ),
    )
    for name in names:
        for attack, row in results["shared"][name].items():
            if row["missed"]:
                say(f"  {name}, {attack}: missed {', '.join(row['missed'])}")
    plain = results["originals"]
    say(f"unmarked originals: {dict(plain['verdicts'])} of {plain['trials']}")


def _row(attack: str, rows: list[dict[str, Any] | None]) -> tuple[object, ...]:
    hits, trials = (sum(row[word] for row in rows if row) for word in ("recovered", "trials"))
    low, high = wilson(hits, trials)
    cells = (f"{row['recovered']}/{row['trials']}" if row else "" for row in rows)
    whole = f"{hits}/{trials}"
    return attack, *cells, whole, 100 * hits / max(trials, 1), f"{low:.1f} - {high:.1f}"


if __name__ == "__main__":
    main()
