"""What comes in comes out: independent readers say what differs between each file and its output.

Every file under DIR, and generated ones of every format, are embedded. ffprobe, exiftool, mutagen
and mediainfo, as far as they are installed, read both; each difference is the coder's business, or
ours, or a finding names it, or it is a fault. Leaves with 1 where there are faults.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import commands
from benchmarks.chain import specimens
from benchmarks.run import Run, begin, say, table
from synthmark import Embedder, Provider, media
from synthmark.errors import MediaError, SynthmarkError
from synthmark.facts import Medium

FOLDERS = ("field", "hard", "images", "audio", "c2pa", "aigc")
# Seconds and share by which lengths and rates may differ: what an MP3 of 22,050 Hz has in front and
# behind, which not every reader leaves out of both files; a class of rate.
LENGTH, RATE = 0.11, 0.25
Said = dict[str, str]

# What follows from the file's new bytes, or is the coding that every writer chooses for itself. A
# mono AAC may say two channels by convention; its configuration decides.
CODING = (
    r"exiftool (System|ExifTool|Composite):",
    r"exiftool File:(FileSize|FileType|CurrentIPTCDigest|EncodingProcess|ID3Size|.*Offset)",
    r"exiftool PNG:(Compression|Filter|Interlace|Warning)",
    r"exiftool RIFF(-VP8)?:(.*Encoding|VP8Version|.*Scale|FileSize|NumSampleFrames|WebP_Flags"
    r"|.*ImageHeight|.*ImageWidth|AvgBytesPerSec|.*Unknown_fact|.*Unknown_PEAK|NumberOfSamples)",
    r"exiftool (MPEG|ID3|LAME):.*(VBR.*|Lame.*|Encoder|AudioBitrate|LowpassFilter|ChannelMode"
    r"|CopyrightFlag|OriginalMedia|Emphasis|ModeExtension|IntensityStereo|MSStereo)",
    r"exiftool FLAC:(MD5Signature|Block.*|Frame.*|TotalSamples)",
    r"exiftool (Vorbis|Opus):(Vendor|.*Bitrate)",
    r"exiftool (IFD0|SubIFD\d*):(Strip.*|RowsPerStrip|Tile.*|Predictor|PlanarConfiguration"
    r"|PhotometricInterpretation|ExtraSamples|T4Options|FillOrder|JPEG.*|ColorMap|SampleFormat)",
    r"exiftool .*:(Thumbnail|Preview|JpgFromRaw|Maker).*(Offset|Start)",
    r"exiftool (QuickTime|Track\d+|Meta):(MediaData.*|.*BufferSize|(Max|Average)Bitrate|Free"
    r"|MetaImageSize|MovieDataOffset|MajorBrand|MinorVersion|CompatibleBrands|MediaDuration"
    r"|.*ConfigurationVersion|ItemLocation.*|AV1.*|General.*|Constraint.*|.*Indicator.*|HEVC.*"
    r"|Unknown_btrt|AudioChannels|GenProfile.*)",
    r"exiftool GIF:(HasColorMap|BitsPerPixel|ColorResolutionDepth|BackgroundColor|GIFVersion"
    r"|TransparentColor)",
    r"ffprobe (format|stream)\.(size|filename|probe_score|format_long_name|bit_rate|start_.*)",
    r"ffprobe stream\.(nb_frames|extradata.*|duration_ts|nb_read.*|codec_tag.*|initial_padding)",
    # The coder's name in an MP3's index; the tag is the format's.
    r"ffprobe stream\.tags\.encoder",
    r"ffprobe stream\.(has_b_frames|refs|level|profile|pix_fmt|max_bit_rate|closed_captions)",
    r"mediainfo .*\.(File.*|.*StreamSize.*|.*Size|DataSize|FooterSize|HeaderSize|Encoded_Library.*"
    r"|.*Library.*|IsStreamable|OverallBitRate.*|BitRate_M.*|CompressionRatio|Proportion"
    r"|Source_.*|MD5_.*|Format_Profile|Format_Settings.*|.*Delay.*|FrameCount|SamplingCount"
    r"|Compression_Mode|Format_Version|Interleave.*|UniqueID)",
    r"mutagen info\.(_|bitrate|encoder|md5_signature|total_samples|.*blocksize"
    r"|.*framesize|sketchy|mode|frame_offset|channels)",
    r"mediainfo (.*_Source|Image\.extra\.(Describes|FrameRate_.*))",
    r"mutagen .*vendor",
)
# What a coder may state where the old file left it to be guessed.
STATED = (
    r"mediainfo Image\.(colour_|matrix_|transfer_|extra\.)|exiftool QuickTime:ImagePixelDepth"
    r"|ffprobe stream\.side_data_list"
)
# Our labels and our manifest.
OURS = (
    r"exiftool (JUMBF|C2PA|CBOR|JSON|Jpeg2000|XMP-TC260|XMP-x).*",
    r"exiftool .*:(.*C2PA.*|Caibx|JUMBF.*|.*AIGC.*|JUMDType|JUMDLabel|UUID-Unknown|.*ID3_GEOB?)",
    r"exiftool XMP-iptcExt:DigitalSourceType",
    r"exiftool QuickTime:HandlerType",
    r"(ffprobe|mutagen|mediainfo) .*(AIGC|C2PA|aigc|c2pa|General_Encapsulated).*",
    r"(exiftool|mutagen|ffprobe) .*(GEOB|GeneralEncapsulated|UserDefinedText).*",
)
PALETTE = (
    r"exiftool .*:(ColorType|BitDepth|Palette.*|Transparency|BitsPerSample"
    r"|SamplesPerPixel|BackgroundColor|SignificantBits)|mediainfo .*|ffprobe .*"
)
# What findings answer for, by their codes: what the readers say of it.
ANSWERED = {
    "media.chunks": r"exiftool PNG",
    "media.palette": PALETTE,
    "media.palettes": PALETTE,
    "media.clear-colour": r"exiftool .*:(ColorType|Transparency|.*Background.*)|mediainfo .*",
    "media.depth": r"exiftool .*:(.*BitDepth.*|BitsPerSample|ImagePixelDepth|BackgroundColor)"
    r"|(mediainfo|ffprobe) ",
    "media.compression": r"exiftool IFD0:Compression|mediainfo .*Format.*",
    "media.premultiplied": r"exiftool IFD0:.*",
    "media.cmyk": r"exiftool (File|ICC.*|APP14|Adobe|IFD0).*|mediainfo .*",
    "media.sampling": r"exiftool File:YCbCrSubSampling|mediainfo .*",
    "media.upright": r"exiftool .*:(Orientation|Rotation|Image.*|Exif.*)|(mediainfo|ffprobe) .*",
    "media.more-pictures": r"exiftool (MPF|MPImage|Jpeg|XMP-(Container|GContainer|hdrgm|GCamera).*"
    r"|File|Track|Meta|QuickTime|SubIFD|IFD\d|.*Thumbnail).*|(mediainfo|ffprobe) .*",
    "media.reduced-copies": r"exiftool (File|SubIFD|IFD\d|.*Thumbnail).*|(mediainfo|ffprobe) .*",
    "media.trailer": r"exiftool (Trailer|Samsung|.*Trailer).*|mediainfo .*",
    "media.truncated": r".*(Duration|duration|length|samples|Warning|Error).*",
    "media.joined": r".*(Duration|duration|length|bitrate|BitRate|Comment|ID3|TXXX).*",
    "media.riff-size": r"mediainfo General.extra.IsTruncated",
    "media.fragments": r".*(Duration|duration|length|moof|brand|Movie|Track).*|exiftool .*",
    "media.id3v1": r"exiftool ID3v|(mutagen|ffprobe|mediainfo) ",
    "manifest.id3-frames": r"exiftool ID3v|(mutagen|ffprobe|mediainfo) ",
    "label.replaced": r".*(AIGC|aigc|UserComment|ImageDescription|Comment|XMP).*",
    "xmp.replaced": r"exiftool XMP.*",
    "xmp.dropped": r"exiftool XMP.*",
}
# exiftool takes the EXIF of a PNG for what it read in the manifest before it, and says so.
CONFUSED = "references previous JUMBFBox"
# Of an MP3 without index readers estimate length and rate; the output has one. How far its first
# frame is looked for.
TECHNICAL = r"(?i)duration|length|bit_?rate|FrameRate|SamplesPerFrame"
LOOKED_AT = 2**16


def main() -> None:
    run = begin(__doc__, limit_help="use only so many files of DIR")
    missing = [name for name in ("ffprobe", "exiftool", "mediainfo") if shutil.which(name) is None]
    if missing:
        say(f"not installed, so not asked: {', '.join(missing)}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        commands.settle(folder)
        embedder = Embedder(provider=Provider(name="Acme"))
        rows = []
        for name, path in [*found(run), *specimens.made(folder / "made")]:
            row = tried(name, path, folder, embedder)
            rows.append(row)
            say(
                f"{name}: {row['outcome']}{': ' if row['faults'] else ''}{'; '.join(row['faults'])}"
            )
    show(rows)
    run.save({"readers_missing": missing, "files": rows})
    sys.exit(any(row["faults"] for row in rows))


def found(run: Run) -> Iterator[tuple[str, Path]]:
    """Yield name and path of the files of DIR that are pictures or sounds, supported or not."""
    assert run.data is not None
    paths = [
        path
        for folder in FOLDERS
        for path in sorted((run.data / folder).rglob("*"))
        if path.is_file() and path.suffix not in (".md", ".tsv", ".json", ".pem", ".cfg")
    ]
    for path in run.thinned(paths):
        yield str(path.relative_to(run.data)), path


def tried(name: str, path: Path, folder: Path, embedder: Embedder) -> dict[str, Any]:
    """Embed one file and have it read before and after."""
    row: dict[str, Any] = {"file": name, "findings": [], "differences": [], "faults": []}
    try:
        result = embedder.embed(path)
    except MediaError as error:
        return row | {"outcome": "refused", "line": str(error)}
    except SynthmarkError as error:
        return row | {"outcome": "withheld", "faults": [str(error)]}
    except Exception as error:
        return row | {"outcome": "defect", "faults": [f"{type(error).__name__}: {error}"]}
    row["findings"] = [finding.code for finding in result.findings]
    suffix = {"audio/mp4": ".m4a", "audio/ogg": ".ogg"}.get(result.media_type, path.suffix)
    source, target = folder / f"source{suffix}", folder / f"target{suffix}"
    source.write_bytes(path.read_bytes())
    target.write_bytes(result.asset)
    sound = media.named(result.media_type).medium is Medium.SOUND
    before, after = (views(each, sound=sound) for each in (source, target))
    index = re.search(rb"Xing|Info|VBRI", path.read_bytes()[:LOOKED_AT])
    estimated = result.media_type == "audio/mpeg" and index is None
    confused = CONFUSED in after.get("exiftool ExifTool:Warning", "")
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key, "-"), after.get(key, "-")
        why = "" if same(key, old, new) else explained(key, old, new, row["findings"])
        if confused and re.match(r"exiftool (IFD\d|ExifIFD|GPS|InteropIFD|Maker)", key):
            why = why or "exiftool itself"
        if estimated and re.search(TECHNICAL, key):
            why = why or "an estimate"
        if same(key, old, new) or why in ("coding", "ours"):
            continue
        row["differences"].append([key, old[:80], new[:80], why])
        if not why:
            row["faults"].append(f"{key}: {old[:40]} became {new[:40]}")
    return row | {"outcome": "labelled"}


def explained(key: str, old: str, new: str, findings: list[str]) -> str:
    """Return what answers for a difference, nothing where nothing does."""
    unsaid = old == "-" and re.match(STATED, key)
    if unsaid or any(re.match(each, key) for each in CODING):
        return "coding"
    if any(re.match(each, key) for each in OURS) or "c2pa" in new.lower() or '"Label"' in new:
        return "ours"
    return next((code for code in findings if re.match(ANSWERED.get(code, r"\Z"), key)), "")


def same(key: str, old: str, new: str) -> bool:
    """Tell whether two readings agree; lengths and rates within what coders may do."""
    if old == new or (old, new) == ("-", "None"):
        return True
    try:
        one, other = (float(each.split()[0]) for each in (old, new))
    except (ValueError, IndexError):
        return False
    if re.search(r"(?i)duration|length|end(_time)?$", key):
        return abs(one - other) <= LENGTH
    return bool(re.search(r"(?i)bit_?rate", key)) and abs(one - other) <= RATE * one


# --- the readers ---------------------------------------------------------------------------------


def views(path: Path, *, sound: bool) -> Said:
    """Return what every reader says of a file, by reader and name."""
    readers: tuple[Callable[[Path], Said], ...] = (by_exiftool, by_mediainfo)
    readers += (by_ffprobe, by_mutagen) if sound else ()
    return {key: text for reader in readers for key, text in reader(path).items()}


def by_exiftool(path: Path) -> Said:
    if shutil.which("exiftool") is None:
        return {}
    (said,) = json.loads(output("exiftool", "-j", "-G1:4", "-a", "-u", "-n", path) or "[{}]")
    # How repeated tags are numbered hangs on their order in the file.
    found: dict[str, list[str]] = {}
    for name, value in said.items():
        if name != "SourceFile":
            found.setdefault(re.sub(r":Copy\d+:", ":", name), []).append(str(value))
    return {f"exiftool {name}": " | ".join(sorted(values)) for name, values in found.items()}


def by_ffprobe(path: Path) -> Said:
    if shutil.which("ffprobe") is None:
        return {}
    shown = ("-show_format", "-show_streams", "-show_chapters")
    said = json.loads(output("ffprobe", "-v", "quiet", "-of", "json", *shown, path) or "{}")
    parts = [("format", said.get("format", {}))]
    parts += [("stream", each) for each in said.get("streams", ())]
    parts += [(f"chapter {n}", each) for n, each in enumerate(said.get("chapters", ()))]
    return {f"ffprobe {key}": text for name, part in parts for key, text in flat(name, part)}


def by_mediainfo(path: Path) -> Said:
    if shutil.which("mediainfo") is None:
        return {}
    said = json.loads(output("mediainfo", "--Output=JSON", path) or "{}")
    tracks = (said.get("media") or {}).get("track", ())
    return {
        f"mediainfo {key}": text for track in tracks for key, text in flat(track["@type"], track)
    }


def by_mutagen(path: Path) -> Said:
    import mutagen

    try:
        file = mutagen.File(path)
    except (mutagen.MutagenError, ValueError, KeyError, AttributeError):
        return {}
    if file is None:
        return {}
    tags = dict(file.tags.items() if hasattr(file.tags, "items") else file.tags or ())
    found = {f"mutagen {name}": repr(value)[:2000] for name, value in tags.items()}
    return found | {f"mutagen info.{k}": str(v) for k, v in vars(file.info).items()}


def flat(name: str, said: Any) -> Iterator[tuple[str, str]]:
    if isinstance(said, dict):
        for key, value in said.items():
            yield from flat(f"{name}.{key}", value)
    else:
        yield name, str(said)


def output(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace")


def show(rows: list[dict[str, Any]]) -> None:
    table(
        "Files, and what independent readers find changed in them that no finding names",
        ("file", "outcome", "changed", "by findings", "faults"),
        (
            (
                row["file"],
                row["outcome"],
                len(row["differences"]),
                ", ".join(sorted({each[3] for each in row["differences"]} - {""})),
                len(row["faults"]),
            )
            for row in rows
            if row["differences"] or row["faults"]
        ),
    )
    counts = Counter(row["outcome"] for row in rows)
    faulty = sum(bool(row["faults"]) for row in rows)
    print(f"{len(rows)} files: {dict(counts)}; {faulty} with a difference that no finding names")
    for row in rows:
        if row["outcome"] == "refused":
            print(f"  refused {row['file']}: {row['line']}")


if __name__ == "__main__":
    main()
