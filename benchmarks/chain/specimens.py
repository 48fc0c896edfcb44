"""Files of every format with everything that it can hold, made by the programs that are installed.

for name, path in specimens.made(folder): ...
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from tests.pictures import scene
from tests.sounds import music, voice

TAGS = {
    "title": "Über den Wolken / 云上",
    "artist": "AC/DC",
    "album": "A",
    "date": "2026",
    "comment": "c",
    "track": "3/9",
}
SECONDS = 8.0
CHAPTERS = """;FFMETADATA1
title=Book
[CHAPTER]
TIMEBASE=1/1000
START=0
END=4000
title=One
[CHAPTER]
TIMEBASE=1/1000
START=4000
END=8000
title=Two
"""


def made(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield names and paths of the files, made in `folder`."""
    folder.mkdir(parents=True)
    yield from _pictures(folder)
    if shutil.which("ffmpeg"):
        yield from _sounds(folder)
        yield from _by_other_programs(folder)


def _sounds(folder: Path) -> Iterator[tuple[str, Path]]:
    sources = {1: folder / "voice.wav", 2: folder / "music.wav", 6: folder / "surround.wav"}
    soundfile.write(sources[1], voice(SECONDS, rate=44_100), 44_100, subtype="PCM_24")
    stereo = music(SECONDS)
    soundfile.write(sources[2], stereo, 44_100, subtype="PCM_24")
    wide = np.tile(stereo, (1, 3)) * np.linspace(1, 0.3, 6, dtype=np.float32)
    soundfile.write(sources[6], wide, 44_100, subtype="PCM_24")
    cover, chapters = folder / "cover.jpg", folder / "chapters.txt"
    Image.fromarray(scene(1, 120, 120)).save(cover)
    chapters.write_text(CHAPTERS, "utf-8")
    tags = [each for key, text in TAGS.items() for each in ("-metadata", f"{key}={text}")]
    pictured = ["-i", str(cover), "-map", "0", "-map", "1", "-disposition:v", "attached_pic"]
    pictured += ["-c:v", "copy"]
    in_chapters = ["-i", str(chapters), "-map_metadata", "1"]
    kinds: list[tuple[str, int, list[str]]] = [
        *((f"{rate}.wav", 2, ["-ar", str(rate)]) for rate in (8000, 22050, 48000, 96000)),
        *((f"{codec}.wav", 2, ["-c:a", codec]) for codec in ("pcm_u8", "pcm_s16le", "pcm_s24le")),
        *(
            (f"{codec}.wav", 2, ["-c:a", codec])
            for codec in ("pcm_s32le", "pcm_f32le", "pcm_f64le")
        ),
        *((f"{codec}.wav", 1, ["-c:a", codec]) for codec in ("pcm_mulaw", "pcm_alaw")),
        ("surround.wav", 6, []),
        ("bwf.wav", 2, ["-write_bext", "1"]),
        *((f"{rate}.mp3", 2, ["-b:a", f"{rate}k"]) for rate in (48, 128, 192, 320)),
        *((f"v{level}.mp3", 2, ["-q:a", str(level)]) for level in (0, 4, 7)),
        ("mono.mp3", 1, ["-b:a", "64k"]),
        ("22050.mp3", 1, ["-b:a", "48k", "-ar", "22050"]),
        ("no_xing.mp3", 2, ["-b:a", "128k", "-write_xing", "0"]),
        ("id3v23.mp3", 2, ["-b:a", "128k", "-id3v2_version", "3", "-write_id3v1", "1"]),
        ("cover.mp3", 2, [*pictured, "-b:a", "128k"]),
        ("chapters.mp3", 2, [*in_chapters, "-b:a", "128k"]),
        *((f"{form}.flac", 2, ["-sample_fmt", form]) for form in ("s16", "s32")),
        ("96000.flac", 2, ["-ar", "96000"]),
        ("surround.flac", 6, []),
        ("cover.flac", 2, pictured),
        *((f"q{level}.ogg", 2, ["-c:a", "libvorbis", "-q:a", str(level)]) for level in (1, 5, 9)),
        ("mono.ogg", 1, ["-c:a", "libvorbis"]),
        *((f"{rate}.opus", 2, ["-b:a", f"{rate}k"]) for rate in (32, 64, 128)),
        ("mono.opus", 1, ["-b:a", "32k"]),
        *((f"{rate}.m4a", 2, ["-b:a", f"{rate}k"]) for rate in (64, 128, 256)),
        ("mono.m4a", 1, ["-b:a", "64k"]),
        ("surround.m4a", 6, ["-b:a", "320k"]),
        ("cover.m4a", 2, [*pictured, "-b:a", "128k"]),
        ("chapters.m4b", 2, [*in_chapters, "-b:a", "128k", "-f", "ipod"]),
        ("faststart.m4a", 2, ["-b:a", "128k", "-movflags", "+faststart"]),
        ("keyed.m4a", 2, ["-b:a", "128k", "-movflags", "use_metadata_tags"]),
    ]
    for name, channels, options in kinds:
        path = folder / name
        if _ran("ffmpeg", "-v", "error", "-y", "-i", sources[channels], *options, *tags, path):
            yield f"made/{name}", path


def _by_other_programs(folder: Path) -> Iterator[tuple[str, Path]]:
    source = folder / "pcm_s16le.wav"
    commands: dict[str, tuple[str | Path, ...]] = {
        "lame_abr.mp3": ("lame", "--quiet", "--abr", "112", "--tt", "T", source),
        "lame_v2.mp3": ("lame", "--quiet", "-V", "2", "--ta", "A", "--add-id3v2", source),
        "lame_t.mp3": ("lame", "--quiet", "-t", "-V", "5", source),
        "flac.flac": ("flac", "-s", "-f", "-T", "TITLE=T", "-T", "TITLE=U", source, "-o"),
        "sox.wav": ("sox", source, "--comment", "c", "-b", "24"),
        "opusenc.opus": ("opusenc", "--quiet", "--title", "T", "--bitrate", "48", source),
        "oggenc.ogg": ("oggenc", "-Q", "-t", "T", "-b", "128", source, "-o"),
    }
    for name, command in commands.items():
        path = folder / name
        if shutil.which(str(command[0])) and _ran(*command, path):
            yield f"made/{name}", path


def _pictures(folder: Path) -> Iterator[tuple[str, Path]]:
    colours = Image.fromarray(scene(2, 300, 420))
    clear = colours.copy()
    clear.putalpha(Image.fromarray(scene(3, 300, 420)[..., 0]))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x010F], exif[0x0112], exif[0x8298] = "Maker", 1, "Copyright 2026"
    exif.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    exif.get_ifd(0x8825)[1] = "N"
    texts = PngInfo()
    texts.add_text("Title", "a title")
    texts.add_itxt("Comment", "说明", "zh", "说明")
    texts.add_text("Prompt", "p" * 500, zip=True)
    moving = {"save_all": True, "append_images": [colours.rotate(3), colours.rotate(6)]}
    moving |= {"duration": [100, 200, 300], "loop": 2}
    all_of_it = {"exif": exif, "icc_profile": profile}
    kinds: list[tuple[str, Image.Image, dict[str, Any]]] = [
        ("all.png", colours, {**all_of_it, "pnginfo": texts, "dpi": (300, 300)}),
        ("clear.png", clear, {"pnginfo": texts}),
        ("gray.png", colours.convert("L"), {"gamma": 0.45}),
        ("gray_alpha.png", clear.convert("LA"), {}),
        ("palette.png", colours.quantize(64), {}),
        ("moving.png", colours, moving),
        ("all.jpg", colours, {**all_of_it, "quality": 90, "dpi": (72, 72), "comment": b"c"}),
        ("progressive.jpg", colours, {"quality": 75, "progressive": True, "subsampling": 0}),
        ("gray.jpg", colours.convert("L"), {"quality": 85}),
        ("cmyk.jpg", colours.convert("CMYK"), {"quality": 85}),
        ("turned.jpg", colours, {"quality": 85, "exif": _turned()}),
        ("all.webp", colours, {**all_of_it, "quality": 80}),
        ("clear.webp", clear, {"quality": 80}),
        ("lossless.webp", clear, {"lossless": True, "exact": True}),
        ("moving.webp", colours, {**moving, "quality": 80}),
        ("all.tif", colours, {**all_of_it, "compression": "tiff_lzw", "dpi": (300, 300)}),
        ("plain.tif", colours, {"description": "d", "software": "s"}),
        ("clear.tif", clear, {}),
        ("still.gif", colours.quantize(128), {"comment": b"a comment"}),
        ("moving.gif", colours, moving),
        ("all.avif", colours, {**all_of_it, "quality": 75}),
        ("clear.avif", clear, {"quality": 75}),
        ("fine.avif", colours, {"quality": 75, "subsampling": "4:4:4"}),
    ]
    for name, image, options in kinds:
        path = folder / name
        image.save(path, **options)
        yield f"made/{name}", path


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def _ran(*command: str | Path) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
