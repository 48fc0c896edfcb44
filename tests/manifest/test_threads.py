from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from synthmark.facts import Likeness, ManifestLayer, ManifestState
from synthmark.label import ContentId, Kind
from synthmark.manifest import Signer, read, read_stored, sign
from tests.manifest.authority import Authority
from tests.manifest.outputs import ACME, TYPES, claim, picture

ROOT = Path(__file__).parents[2]


def test_eight_threads_share_one_signer_and_one_trust(authority: Authority, signer: Signer) -> None:
    trust = authority.trust

    def work(number: int) -> tuple[ContentId, ManifestLayer, ManifestLayer]:
        own = ContentId.new(Kind.GENERATED, ACME, number.to_bytes)
        format = TYPES[number % 3]
        output = sign(picture(format), format, claim=claim(own), signer=signer)
        stored = read_stored(output.manifest, content_id=own, likeness=Likeness.NEAR, trust=trust)
        return own, read(output.asset, format, trust=trust), stored

    with ThreadPoolExecutor(8) as pool:
        for own, embedded, stored in pool.map(work, range(160)):
            assert embedded.state is ManifestState.TRUSTED
            assert stored.state is ManifestState.RECOVERED
            assert embedded.content_ids == stored.content_ids == (own,)


FORKING = """
import os, sys
from synthmark.manifest import Signer, read
from synthmark.media.formats import PNG
from tests.manifest.outputs import signed
signer = Signer.development()
signed(signer)
child = os.fork()
if child == 0:
    try:
        os._exit(0 if read(signed(signer).asset, PNG).matches_bytes else 1)
    finally:
        os._exit(2)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) or not signed(signer).manifest)
"""


def test_a_forked_child_signs_and_reads() -> None:
    subprocess.run([sys.executable, "-c", FORKING], cwd=ROOT, check=True)
