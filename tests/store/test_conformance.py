"""What every store does, whatever keeps its records."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from synthmark.errors import StoreError
from synthmark.label import ContentId
from synthmark.store import open_store
from tests.store.backends import BACKENDS, Backend
from tests.store.records import MOMENT, content_id, record

ROOT = Path(__file__).parents[2]
ID = ContentId(bytes(range(16)))


@pytest.fixture(params=BACKENDS, ids=lambda each: each.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    each: Backend = request.param
    return each


@pytest.fixture
def uri(backend: Backend, tmp_path: Path) -> str:
    return backend.address(tmp_path)


def test_what_is_put_is_found(uri: str) -> None:
    with open_store(uri) as store:
        for number in range(3):
            store.put(record(number))
        assert [store.find(content_id(number)) for number in range(3)] == [
            record(number) for number in range(3)
        ]
        assert len(store) == 3


def test_what_was_not_put_is_not_found(uri: str) -> None:
    with open_store(uri) as store:
        assert store.find(content_id(0)) is None
        assert store.find_short(content_id(0).short) is None
        assert len(store) == 0


def test_it_is_there_when_opened_again_at_the_address_that_the_store_gives(uri: str) -> None:
    with open_store(uri) as store:
        store.put(record())
        given = store.uri
    with open_store(given) as store:
        assert store.uri == given
        assert store.find(content_id(0)) == record()


def test_putting_twice_changes_nothing(uri: str) -> None:
    with open_store(uri) as store:
        store.put(record())
        store.put(record())
        assert len(store) == 1
        assert store.find(content_id(0)) == record()


def test_of_two_with_one_id_the_newer_stays(uri: str) -> None:
    newer = record(manifest=b"newer", media_type="image/webp")
    with open_store(uri) as store:
        store.put(record())
        store.put(newer)
        assert len(store) == 1
        assert store.find(content_id(0)) == newer


def test_a_record_without_a_thumbnail_is_kept(uri: str) -> None:
    with open_store(uri) as store:
        store.put(record(thumbnail=None))
        assert store.find(content_id(0)) == record(thumbnail=None)


def test_times_keep_their_moment_whatever_the_zone(uri: str) -> None:
    with open_store(uri) as store:
        store.put(record(time=MOMENT.astimezone(timezone(timedelta(hours=8)))))
        found = store.find(content_id(0))
    assert found is not None
    assert found.time == MOMENT
    assert found.time.utcoffset() == timedelta(0)


def test_a_short_id_leads_to_the_whole_one(uri: str) -> None:
    with open_store(uri) as store:
        for number in range(50):
            store.put(record(number))
        store.put(record(content_id=ID))
        assert store.find_short(ID.short) == record(content_id=ID)
        assert store.find_short(ContentId(bytes(16)).short) is None


def test_two_with_one_short_id_are_not_told_apart(uri: str) -> None:
    twin = ContentId(ID.payload[:15] + b"!")
    assert twin.short == ID.short
    with open_store(uri) as store:
        store.put(record(content_id=ID))
        store.put(record(content_id=twin))
        assert store.find_short(ID.short) is None
        assert store.find(twin) == record(content_id=twin)


@pytest.mark.parametrize("bit", [0, 7, 32, 33, 34, 40, 81, 82, 83, 87])
def test_short_ids_that_differ_in_one_bit_are_told_apart(uri: str, bit: int) -> None:
    near = ContentId((int.from_bytes(ID.payload) ^ 1 << 127 - bit).to_bytes(16))
    assert near.short != ID.short
    with open_store(uri) as store:
        store.put(record(content_id=ID))
        store.put(record(content_id=near))
        assert store.find_short(ID.short) == record(content_id=ID)
        assert store.find_short(near.short) == record(content_id=near)


def test_a_closed_store_says_so(uri: str) -> None:
    store = open_store(uri)
    store.close()
    store.close()
    uses = (
        lambda: store.find(content_id(0)),
        lambda: store.find_short(ID.short),
        lambda: store.put(record()),
        lambda: len(store),
    )
    for use in uses:
        with pytest.raises(StoreError, match="was closed") as raised:
            use()
        assert raised.value.code == "store.closed"


def test_a_damaged_one_says_so_in_one_line(uri: str, backend: Backend) -> None:
    with open_store(uri) as store:
        for number in range(50):
            store.put(record(number))
    backend.damage(uri)
    with open_store(uri) as store, pytest.raises(StoreError) as raised:
        store.find(content_id(0))
    assert raised.value.code == "store.damaged"
    assert "\n" not in raised.value.message


def test_eight_threads_share_one_store(uri: str) -> None:
    with open_store(uri) as store:

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


def test_a_forked_child_uses_what_its_parent_opened(uri: str) -> None:
    subprocess.run([sys.executable, "-c", FORKING, uri], cwd=ROOT, check=True)
    with open_store(uri) as store:
        assert len(store) == 4


WRITING = """
import sys
from synthmark.store import open_store
from tests.store.records import record
first = int(sys.argv[2])
with open_store(sys.argv[1]) as store:
    for number in range(first, first + 20):
        store.put(record(number))
"""


def test_processes_that_start_at_once_make_one_store(uri: str) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", WRITING, uri, str(20 * each)], cwd=ROOT)
        for each in range(6)
    ]
    assert [each.wait() for each in running] == [0] * 6
    with open_store(uri) as store:
        assert len(store) == 120
        assert store.find(content_id(77)) == record(77)
