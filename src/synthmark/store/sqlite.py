"""The store in one SQLite file, in WAL mode: readers never wait, and a kill leaves it whole."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from synthmark.errors import StoreError
from synthmark.label import ContentId
from synthmark.store.base import Record

if TYPE_CHECKING:
    import sqlite3
    from types import TracebackType

    from synthmark.label import ShortId

SCHEME = "sqlite:///"
_APPLICATION = int.from_bytes(b"synm")
_VERSION = 1
_BUSY_SECONDS = 10.0
_SCHEMA = """
CREATE TABLE manifests (
    content_id TEXT PRIMARY KEY,
    manifest BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    thumbnail BLOB,
    media_type TEXT NOT NULL,
    time TEXT NOT NULL
) STRICT, WITHOUT ROWID
"""
# Of an id's text, ten characters lie wholly within the 56 bits that its short form keeps.
_SHORT = "substr(content_id, 12, 10)"
_SHORT_INDEX = f"CREATE INDEX by_short_id ON manifests ({_SHORT})"


class SqliteStore:
    """A `Store` in one file; where that is not there, it is made.

    Attributes:
        uri: Where it lies, with an absolute path.

    Raises:
        StoreError: The file is no store, of another version, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.uri = SCHEME + str(path.absolute())
        self._path = path.absolute()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = self._connect()
        self._inherited: list[sqlite3.Connection | None] = []

    def put(self, record: Record) -> None:
        """See `Store.put`; the record is on disk when this returns."""
        row = (
            str(record.content_id),
            record.manifest,
            record.fingerprint,
            record.thumbnail,
            record.media_type,
            record.time.astimezone(UTC).isoformat(),
        )
        with self._held() as connection:
            connection.execute("INSERT OR REPLACE INTO manifests VALUES (?, ?, ?, ?, ?, ?)", row)

    def find(self, content_id: ContentId) -> Record | None:
        """See `Finder.find`."""
        question = (
            "SELECT manifest, fingerprint, thumbnail, media_type, time FROM manifests "
            "WHERE content_id = ?"
        )
        with self._held() as connection:
            row = connection.execute(question, (str(content_id),)).fetchone()
        if row is None:
            return None
        manifest, fingerprint, thumbnail, media_type, written = row
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            raise self._failed("store.damaged", f"the record of {content_id} is damaged") from None
        return Record(
            content_id=content_id,
            manifest=manifest,
            fingerprint=fingerprint,
            thumbnail=thumbnail,
            media_type=media_type,
            time=moment,
        )

    def find_short(self, short: ShortId) -> Record | None:
        """See `Finder.find_short`."""
        # Whatever the bits that a short id lacks, these ten characters are the same.
        whole = str(ContentId(short.payload[:1] + bytes(3) + short.payload[1:] + bytes(5)))
        question = f"SELECT content_id FROM manifests WHERE {_SHORT} = ?"  # noqa: S608
        with self._held() as connection:
            rows = connection.execute(question, (whole[11:21],)).fetchall()
        named = [each for (text,) in rows if short.stands_for(each := ContentId.parse(text))]
        return self.find(named[0]) if len(named) == 1 else None

    def __len__(self) -> int:
        with self._held() as connection:
            count: int = connection.execute("SELECT count(*) FROM manifests").fetchone()[0]
        return count

    def close(self) -> None:
        """Close the store; it cannot be used afterwards."""
        if self._process != os.getpid():
            return
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _held(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection to one thread, and say in words what goes wrong with it."""
        if self._process != os.getpid():
            # SQLite must not be used across a fork, nor may the child close what it inherited.
            self._inherited.append(self._connection)
            self._process, self._lock = os.getpid(), threading.Lock()
            self._connection = self._connect()
        with self._lock:
            if self._connection is None:
                raise self._failed("store.closed", "the store was closed")
            with self._worded():
                yield self._connection

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        with self._worded():
            connection = sqlite3.connect(
                self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Check that the file is a store of this version; make it one when it is empty."""
        # A record is on disk before its output gets a name, even if the power fails.
        connection.execute("PRAGMA synchronous = FULL")
        if self._is_empty(connection):
            _switch_to_wal(connection)
            connection.execute("BEGIN IMMEDIATE")
            # Another process may have been quicker.
            if self._is_empty(connection):
                connection.execute(_SCHEMA)
                connection.execute(_SHORT_INDEX)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            connection.execute("COMMIT")
        version = _pragma(connection, "user_version")
        if _pragma(connection, "application_id") != _APPLICATION:
            raise self._failed("store.format", "this database is not a synthmark store")
        if version != _VERSION:
            raise self._failed(
                "store.version",
                f"the store has version {version}, this synthmark reads version {_VERSION}; use "
                "the synthmark that wrote it, or name another store",
            )

    @staticmethod
    def _is_empty(connection: sqlite3.Connection) -> bool:
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        return not tables and _pragma(connection, "application_id") == 0

    @contextmanager
    def _worded(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            # The low byte of SQLite's code is its kind (sqlite.org/rescode.html).
            kind = getattr(error, "sqlite_errorcode", 0) & 0xFF
            code, words = _FAILURES.get(kind, ("store.failed", "it cannot be used"))
            raise self._failed(code, f"{words} ({error})") from None

    def _failed(self, code: str, words: str) -> StoreError:
        return StoreError(f"store {self._path}: {words}", code=code)


_FAILURES = {
    5: ("store.locked", f"another process has held it for {_BUSY_SECONDS:.0f} s; try again"),
    6: ("store.locked", "it is locked; try again"),
    8: ("store.read-only", "it cannot be written; check its permissions and its folder's"),
    10: ("store.io", "reading or writing the disk failed"),
    11: ("store.damaged", "it is damaged; restore it from a backup, or name another store"),
    13: ("store.full", "the disk is full"),
    14: ("store.unavailable", "it cannot be opened; check that its folder exists and is writable"),
    26: ("store.format", "this file is not a synthmark store"),
}
"""What SQLite's primary result codes mean here."""


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Change the journal; SQLite does not wait here for others that open the file at once."""
    import sqlite3

    patience = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                raise
            time.sleep(0.01)
        else:
            return
