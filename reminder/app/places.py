"""Where this installation keeps things: its database and its key ring."""

from contextlib import suppress

from sqlalchemy import make_url

from reminder.settings.load import Loaded
from reminder.store.errors import KeyRingMismatch
from reminder.store.keyring import KeyRing
from reminder.store.store import Store, open_store


def database_url(loaded: Loaded) -> str:
    """The database's address, with its password; a SQLite file beside the settings."""
    settings = loaded.settings.database
    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str(loaded.folder / url.database))
    if settings.password is not None:
        url = url.set(password=settings.password.get_secret_value())
    return url.render_as_string(hide_password=False)


async def open_with_ring(loaded: Loaded) -> tuple[Store, KeyRing]:
    """The store and the key ring it belongs to; a new ring is made for a new store.

    Raises:
        StoreError: the database cannot be used, or not with this key ring. A
            ring that was only just made for it is removed again: it would
            stand where the right one, once found, has to go.
    """
    settings, url = loaded.settings.keys, database_url(loaded)
    if settings.ring is not None:
        ring = KeyRing.from_text(settings.ring.get_secret_value())
        return await open_store(url, ring), ring
    is_new = False
    with suppress(FileExistsError):
        KeyRing.create(settings.file)
        is_new = True
    ring = KeyRing.load(settings.file)
    try:
        return await open_store(url, ring), ring
    except KeyRingMismatch:
        if not is_new:
            raise
        settings.file.unlink()
        raise KeyRingMismatch(f"{settings.file.name} is missing") from None
