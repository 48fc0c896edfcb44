"""All of embedding but the mark: labels, coding, signing, and the comparison of what both hold."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from synthmark import labels, manifest, media
from synthmark.assets import contents
from synthmark.assets.comparing import compare
from synthmark.facts import Finding, Medium
from synthmark.label import ContentId, Label, Provider, SourceType

ID = ContentId(bytes(range(0x11, 0x21)))
PROVIDER = Provider(name="Acme")


@cache
def signer() -> manifest.Signer:
    return manifest.Signer.development()


def rewritten(data: bytes) -> tuple[bytes, tuple[Finding, ...]]:
    """Return a file labelled and signed, and what is said of it; its signal stays as it is.

    Raises:
        MediaError: It cannot be written.
        ReadBackError: Something is lost.
    """
    format = media.sniff(data)
    before = contents.look(data, format)
    aigc = labels.aigc.compose(PROVIDER, ID)
    notes: tuple[Finding, ...]
    if format.medium is Medium.SOUND:
        sound = media.Sound.decode(data)
        metadata = labels.write(sound.metadata, format, aigc=aigc, source_type="").metadata
        encoded, notes = sound.encode(metadata), sound.notes
    else:
        picture = media.Picture.decode(data)
        source_type = SourceType.GENERATED.value
        metadata = labels.write(
            picture.metadata, picture.format, aigc=aigc, source_type=source_type
        ).metadata
        pixels = (frame.pixels for frame in picture.frames)
        encoded, notes = picture.encode(*pixels, metadata=metadata), picture.notes
    claim = manifest.Claim(
        content_id=ID,
        label=Label(),
        provider=PROVIDER,
        aigc=aigc,
        fingerprint="ISCC:NONE",
        time=datetime(2026, 1, 2, tzinfo=UTC),
        medium=format.medium,
        short=False,
    )
    signed = manifest.sign(encoded, format, claim=claim, signer=signer())
    notes = (*notes, *metadata.notes, *signed.notes)
    found = compare(before, contents.look(signed.asset, format), notes)
    return signed.asset, (*notes, *found)
