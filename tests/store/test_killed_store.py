"""What is left of a store whose process is killed."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from synthmark.store import open_store
from tests.store.records import content_id, record

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from synthmark.store import open_store
from tests.store.records import record
first, last = int(sys.argv[2]), int(sys.argv[3])
with open_store(sys.argv[1]) as store:
    for number in range(first, last):
        store.put(record(number))
        print(number, flush=True)
"""
DYING = """
import os, sys
from synthmark.store import open_store
left = int(sys.argv[2])
def count(frame, event, called):
    global left
    if event == "c_return" and called.__name__ == "execute":
        left -= 1
        if not left:
            os.kill(os.getpid(), 9)
sys.setprofile(count)
open_store(sys.argv[1])
"""


def writer(uri: str, first: int, last: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, uri, str(first), str(last)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )


def test_a_kill_at_any_moment_leaves_all_that_was_put(tmp_path: Path) -> None:
    path = tmp_path / "manifests.db"
    uri = f"sqlite:///{path}"
    chance = random.Random(0)  # noqa: S311 - moments, not secrets
    for first in range(0, 8000, 1000):
        process = writer(uri, first, first + 1000)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.random() / 20)
        process.kill()
        told = process.communicate()[0].split()
        with open_store(uri) as store:
            for number in (first, *(map(int, told))):
                assert store.find(content_id(number)) == record(number)
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


def test_a_kill_while_it_is_made_leaves_what_can_be_opened(tmp_path: Path) -> None:
    finished = 0
    for statement in range(1, 16):
        uri = f"sqlite:///{tmp_path}/{statement}.db"
        done = subprocess.run(
            [sys.executable, "-c", DYING, uri, str(statement)], cwd=ROOT, check=False
        )
        assert done.returncode in (0, -signal.SIGKILL)
        finished += done.returncode == 0
        with open_store(uri) as store:
            store.put(record(9))
            assert store.find(content_id(9)) == record(9)
    assert 0 < finished < 8
