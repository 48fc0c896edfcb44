"""The sentences of verdicts and findings; facts carry codes and parameters, and no sentence.

A sentence is a text with fields in braces, as `str.format` fills them in, and two kinds more: of
true and false ``{kept:kept|left out}`` takes the first or the second words, and a list is joined by
commas. A language is a table like `ENGLISH`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import Any

from synthmark.facts import Finding
from synthmark.report import Verdict

VERDICTS: Mapping[Verdict, str] = {
    Verdict.VERIFIED: "signed, unchanged since, and every layer names the same content",
    Verdict.RECOVERED: "the signature is gone or broken, but the watermark led to a stored one",
    Verdict.MARKED: "an unsigned label was found; nothing proves who made it",
    Verdict.SUSPECTED: "only traces of a label",
    Verdict.CONFLICTING: "the layers contradict each other",
    Verdict.UNMARKED: "no label was found",
}


def sentence(finding: Finding) -> str:
    """Return what a finding says, as one line."""
    # A report that was stored long ago may hold a code that has no sentence any more.
    told = ENGLISH.get(finding.code, finding.code)
    if callable(told):
        return told(**finding.parameters)
    return _FORMATTER.vformat(told, (), finding.parameters)


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, bool):
            yes, _, no = format_spec.partition("|")
            return yes if value else no
        if isinstance(value, tuple):
            return ", ".join(value)
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


def _measured(distance: int | None, correlation: float | None) -> str:
    parts = []
    if distance is not None:
        parts.append(f"{distance} of 256 fingerprint bits differ")
    if correlation is not None:
        what = "thumbnail" if distance is not None else "fingerprint"
        parts.append(f"{what} correlation {correlation:.2f}")
    return ", ".join(parts) or "no fingerprint"


def _watermark_copied(distance: int | None, correlation: float | None) -> str:
    """The watermark belongs to other content: by how much the two differ."""
    return f"the watermark belongs to other content: {_measured(distance, correlation)}"


def _manifest_copied(distance: int | None, correlation: float | None) -> str:
    """The manifest belongs to other content: by how much the two differ."""
    return f"the manifest belongs to other content: {_measured(distance, correlation)}"


def _undecided(distance: int | None, correlation: float | None) -> str:
    """Whether this is the content that was signed cannot be decided: by how much the two differ."""
    measured = _measured(distance, correlation)
    return f"whether this is the content that was signed cannot be decided: {measured}"


def _different_ids(layers: tuple[str, ...], ids: tuple[str, ...]) -> str:
    """The layers name different ids: each layer and its id."""
    named = (f"{layer}: {name}" for layer, name in zip(layers, ids, strict=True))
    return f"the layers name different ids ({', '.join(named)})"


def _several(ids: tuple[str, ...], starts: tuple[float, ...], ends: tuple[float, ...]) -> str:
    """The sound is put together from marked ones: each id, from when to when."""
    where = ", ".join(
        f"{name} from {start:.1f} to {end:.1f} s"
        for name, start, end in zip(ids, starts, ends, strict=True)
    )
    return f"the sound is put together from marked ones: {where}"


def _truncated(format: str, decoded: int | None = None, claimed: int | None = None) -> str:
    """This {format} is damaged or cut short; where it is known, how many samples are there."""
    counted = "" if decoded is None else f": {decoded} of {claimed} samples could be decoded"
    return f"this {format} is damaged or cut short{counted}"


ENGLISH: Mapping[str, str | Callable[..., str]] = {
    "aigc.charset": "{key} holds characters outside Annex E j (visible ASCII)",
    "aigc.empty": "{key} is empty",
    "aigc.encoded-twice": "the value is JSON inside a JSON string",
    "aigc.encoding": "the value is not UTF-8; it was read as GB18030",
    "aigc.escaped": "the quotes of the JSON are escaped",
    "aigc.json": "the value is not a JSON object that can be read",
    "aigc.key-missing": "{key} is missing",
    "aigc.key-repeated": "{key} is there more than once",
    "aigc.key-unknown": "keys that Annex E does not know: {keys}",
    "aigc.label-value": "Label is none of 1, 2 and 3",
    "aigc.not-string": "{key} is no string but {kind}",
    "aigc.place": (
        "{place} is {alternative:the guide's alternative; XMP is the normal place|no place that "
        "the guides name}"
    ),
    "aigc.producer-empty": "{key} is empty",
    "aigc.provider-code": "{key} is no valid provider code: {reason}",
    "aigc.provider-name": "{key} gives a name, not a provider code",
    "aigc.several": (
        "{count} AIGC labels where one is allowed, and they {agree:agree|differ}: {places}"
    ),
    "aigc.wrapped": "the guides leave out the outer AIGC object here",
    "conflict.capture-claim": "an AI label stands beside a claim of capture",
    "conflict.content-ids": _different_ids,
    "conflict.manifest-copied": _manifest_copied,
    "conflict.manifest-tampered": "the manifest was changed after it was signed",
    "conflict.watermark-copied": _watermark_copied,
    "fingerprint.undecided": _undecided,
    "iptc.several": "more than one DigitalSourceType, and they differ",
    "iptc.source-type": "DigitalSourceType is no URI of IPTC or C2PA",
    "label.no-place": "{format} has no place for an AIGC label: watermark and manifest stand alone",
    "label.no-provider": (
        "no provider was given: the AIGC label's producer fields are empty, so it does not conform "
        "to GB 45438-2025"
    ),
    "label.replaced": "an AIGC label that stood here was replaced: {places}",
    "labels.unread": "the metadata was not read: {reason}",
    "manifest.detached": (
        "this format cannot hold a manifest: {stored:the store has it|it is lost without its "
        "sidecar}"
    ),
    "manifest.development": (
        "signed with a synthmark development certificate: it shows that nothing changed, not who "
        "signed"
    ),
    "manifest.edited-after-signing": (
        "the bytes were changed after signing: the manifest's hash does not match them"
    ),
    "manifest.expired-no-timestamp": (
        "the signing certificate has expired and no trusted time stamp says when it was used"
    ),
    "manifest.id3-frames": (
        "frames of the ID3 tag that C2PA's reader stumbles over {moved:stand in a second tag, "
        "which not all players look into|are left out, as FLAC may have one tag only}: {frames}"
    ),
    "manifest.not-generated": (
        "a valid signature is there, but it does not say that a model made this"
    ),
    "manifest.unknown-signer": "the signer {signer!r} chains to none of the trust anchors given",
    "manifest.unreadable": (
        "there is a manifest that cannot be read or that breaks the rules of C2PA"
    ),
    "media.after-comments": "what follows the comments of this Ogg is damaged, and left out",
    "media.aac-profile": (
        "the sound is {profile}{stated:|, which the header does not say}; it is coded as AAC-LC"
    ),
    "media.chunks": (
        "chunks of this PNG that need not hold for changed pixels are left out: {chunks}"
    ),
    "media.clear-colour": "the clear colour was turned into an alpha channel",
    "media.cmyk": (
        "CMYK was converted to sRGB {profile:through its ICC profile|without a profile of its "
        "inks: colours may look stronger}; the picture is written as RGB"
    ),
    "media.coding": "arithmetic coding is written as Huffman coding",
    "media.comments": (
        "the comments of this {format} are damaged; those before the damage are kept"
    ),
    "media.compression": "this TIFF's pixels are written with Deflate",
    "media.cut-chunk": "the chunk {chunk!r} of this WAV is cut short; it is left out",
    "media.depth": "{depth} bits a sample are written as 8",
    "media.fields": "fields of this TIFF that do not hold for what is written: {fields}",
    "media.film": "this file holds a film of its moment; it is kept as it is, and carries no mark",
    "media.fragments": "this M4A lies in fragments; it is written again in one piece",
    "media.gray": "the gray frames of this animation are written in colour",
    "media.id3-moved": ("an ID3v2 tag stood behind the sound of this MP3; it stands before it now"),
    "media.id3-recoded": (
        "the ID3 tag of this MP3 is written in its plain form; its frames say the same"
    ),
    "media.id3-version": "an ID3 tag of this MP3 is of an unknown version; it is left out",
    "media.id3v1": "what the ID3v1 tag of this MP3 says stands in the new ID3v2 tag as well",
    "media.index": (
        "the index of further pictures (MPF) in this JPEG points to none; it is left out"
    ),
    "media.joined": (
        "the index of this MP3 counts {known} of {count} frames: more was joined on, and is kept"
    ),
    "media.joined-tags": "this MP3 was joined from parts; the tags of the later ones are left out",
    "media.junk": (
        "{size} bytes around the sound of this MP3 belong to nothing; they are left out"
    ),
    "media.matrix": (
        "the same colours are coded with the matrix of BT.601, the one that the coder has"
    ),
    "media.more-pictures": (
        "this file holds further pictures ({kinds}); they are kept as they are, and carry no mark"
    ),
    "media.not-finite": "the samples hold values that are not numbers; they were taken for silence",
    "media.opaque": "the alpha of this animation is opaque throughout, and is left out",
    "media.opus-rate": (
        "the packets of this Opus are of one size; they are written in sizes that vary around it"
    ),
    "media.palette": "the palette was resolved; the {format} is written as {mode}",
    "media.palettes": "every frame of this GIF is written with a palette of its own",
    "media.peak": "the chunk 'PEAK' tells of the old samples; floating point gets a new one",
    "media.premultiplied": "premultiplied alpha is written as straight alpha",
    "media.rate": (
        "the pixels are coded in {times:.2g} times as many bytes as they were{finer:, for the "
        "watermark to be read|}"
    ),
    "media.reduced-copies": (
        "this TIFF holds reduced copies or masks of its picture; they are not written"
    ),
    "media.repeated-chunks": "of several chunks only the first is kept: {chunks}",
    "media.riff-size": (
        "this WAV claims to be longer than it is, but lacks no sample; that is set right"
    ),
    "media.sampling": "this JPEG's rare chroma subsampling is written as 4:4:4",
    "media.second-samples": (
        "this WAV has a second chunk of samples, which no player plays; it is left out"
    ),
    "media.stale": "the chunk {chunk!r} describes the old samples; it is left out",
    "media.trailer": (
        "{size} bytes follow the end of this {format}; they are {kept:kept as they are|left out}"
    ),
    "media.trailing": "what stands behind the last chunk of this WAV is left out",
    "media.trailing-tag": (
        "the tag behind the end of this FLAC is left out: its own tags are comments"
    ),
    "media.truncated": _truncated,
    "media.unshown": "what no reader shows of this GIF is left out: {blocks}",
    "media.vendor": "the sound is coded anew, so another vendor stands in its comments",
    "store.expired-no-timestamp": (
        "the stored manifest's certificate has expired and it has no trusted time stamp"
    ),
    "store.no-record": (
        "no stored manifest for this id was found, so it cannot be checked that the watermark "
        "belongs to this content"
    ),
    "store.recovered": (
        "the watermark led to a stored manifest: its signature is valid and its fingerprint is "
        "near this content"
    ),
    "store.recovered-mismatch": (
        "the watermark led to a stored manifest that is not shown to belong to this content"
    ),
    "store.tampered-manifest": "the stored manifest was changed after it was signed",
    "store.unreadable": "the stored manifest cannot be read",
    "watermark.icon": (
        "the picture has {width}x{height} pixels: an icon of {largest} pixels or less a side can "
        "hardly hold a watermark, so that none was found says nothing"
    ),
    "watermark.open-key": (
        "the watermark was made with the public OPEN key: anyone could have made it; only a "
        "signature or a stored manifest is evidence"
    ),
    "watermark.partial": (
        "{marked:.1f} s of {seconds:.1f} s carry a watermark that can be read; where the rest "
        "comes from is unknown"
    ),
    "watermark.several": _several,
    "watermark.short-form": (
        "the whole content id does not read back from this sound, so it carries the short form, "
        "which the store leads on from"
    ),
    "watermark.short-id": (
        "the sound carries the short form of a content id, and neither the store nor another layer "
        "knows the whole one"
    ),
    "watermark.silent": "the sound is silent: it can hold no watermark to be found",
    "watermark.skipped": "{reason}",
    "watermark.strength": "sound has one strength: the inaudible one",
    "watermark.too-short": (
        "the sound lasts {duration} ms: in less than {least} ms no watermark can be found"
    ),
    "watermark.unreadable": (
        "a watermark is present but too damaged to be read; chance looks like that in "
        "{chance:.0e} of unmarked files"
    ),
    "xmp.dropped": "the XMP held an AIGC label, and was dropped with it",
    "xmp.extension-dropped": "the ExtendedXMP held a label and was dropped",
    "xmp.replaced": "{reason}; a new packet takes its place",
    "xmp.unreadable": "{reason}",
}
"""Every finding's sentence in English, by its code."""
