from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from synthmark.store import open_store
from tests.store.records import content_id, record

ROOT = Path(__file__).parents[2]


def test_eight_threads_share_one_store(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/manifests.db") as store:

        def work(number: int) -> None:
            store.put(record(number))
            assert store.find(content_id(number)) == record(number)
            assert len(store) > 0

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(200)))
        assert len(store) == 200


FORKING = """
import os, sys
from synthmark.store import open_store
from tests.store.records import content_id, record
with open_store(sys.argv[1]) as store:
    store.put(record(0))
    child = os.fork()
    if child == 0:
        try:
            store.put(record(1))
            os._exit(0 if store.find(content_id(0)) == record(0) else 1)
        finally:
            os._exit(2)
    store.put(record(2))
    _, status = os.waitpid(child, 0)
    store.put(record(3))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_forked_child_opens_its_own_connection(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/manifests.db"
    subprocess.run([sys.executable, "-c", FORKING, uri], cwd=ROOT, check=True)
    with open_store(uri) as store:
        assert len(store) == 4
