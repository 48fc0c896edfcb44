"""What a store is, whatever keeps its records, and how one is opened by its address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from synthmark.errors import StoreError

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from synthmark.label import ContentId, ShortId


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is remembered of one output.

    Attributes:
        content_id: The id that its watermark carries.
        manifest: The C2PA manifest store that was put into the file.
        fingerprint: ISCC code of the marked picture, or print of the marked sound.
        thumbnail: Gray JPEG of the marked picture, None when there is none.
        media_type: MIME type of the file.
        time: When it was labelled, with a time zone.
    """

    content_id: ContentId
    manifest: bytes
    fingerprint: str
    thumbnail: bytes | None
    media_type: str
    time: datetime


class Finder(Protocol):
    """Finds records; all that a verifier needs of a store."""

    def find(self, content_id: ContentId) -> Record | None:
        """Return what is remembered of `content_id`, None when nothing is.

        Raises:
            StoreError: It cannot be read.
        """
        ...

    def find_short(self, short: ShortId) -> Record | None:
        """Return what is remembered of the one id that `short` stands for.

        None when there is none, and when there are several, so that none can be mistaken.

        Raises:
            StoreError: It cannot be read.
        """
        ...


class Store(Finder, Protocol):
    """Content id -> record; one object serves any number of threads, one address many processes.

    Open it with `open_store`, and close it, or use it in a ``with`` statement. A child that was
    forked may use what its parent opened.
    """

    @property
    def uri(self) -> str:
        """Its address, the same wherever it is opened."""
        ...

    def put(self, record: Record) -> None:
        """Remember `record`, durably when this returns; of two with one id the newer stays.

        Raises:
            StoreError: It cannot be written.
        """
        ...

    def close(self) -> None:
        """Close the store; using it afterwards is a `StoreError`, closing it again is not."""
        ...

    def __len__(self) -> int:
        """Return how many records there are."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_store(uri: str | None = None) -> Store:
    """Open the store at `uri`, or else the user's own; it is made when it is not there.

    Args:
        uri: ``sqlite:///relative/path.db`` or ``sqlite:////absolute/path.db``; None is a file in
            the platform's directory for user data.

    Raises:
        StoreError: It is no such address, no store, of another version, or cannot be opened.
    """
    from synthmark.store.sqlite import SCHEME, SqliteStore

    if uri is None:
        return SqliteStore(_users_folder() / "manifests.db")
    path = uri.removeprefix(SCHEME)
    if path in ("", uri):
        raise StoreError(
            f"{uri}: no store address; write sqlite:///manifests.db or, with an absolute path, "
            "sqlite:////var/lib/manifests.db",
            code="store.uri",
        )
    return SqliteStore(Path(path))


def _users_folder() -> Path:
    import platformdirs

    folder = platformdirs.user_data_path("synthmark")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be made ({error.strerror or error}); name a store with --store",
            code="store.unavailable",
        ) from None
    return folder
