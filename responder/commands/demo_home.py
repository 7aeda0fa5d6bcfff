"""Where the demo lives: a PostgreSQL of its own in the installation's folder, whatever database the installation uses.

So nothing simulated can reach a real salon: no simulated operator finds a real dialogue, no enquiry enters real
figures, no worker of the installation meets a job of the demo, and what is to be removed is one folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from responder.db.embedded import start_server
from responder.db.migrate import migrate
from responder.errors import BadSetting, NotFound, Refused
from responder.settings import Settings

LOCK = 7_246_003  # any constant: one demo at a time, since each lives in a time of its own
MISSING = "there is no demo yet; `responder demo` plays one"


def demo_folder(settings: Settings) -> Path:
    return settings.var_dir / "demo"


def demo_url(settings: Settings) -> str:
    """The address of the demo's database, started and migrated, made when there is none."""
    url = start_server(demo_folder(settings) / "postgres").get_uri()
    migrate(url)
    return url


def existing_demo_url(settings: Settings) -> str:
    """The same for a demo that has been played; raises `NotFound`."""
    if not demo_folder(settings).is_dir():
        raise NotFound(MISSING)
    return demo_url(settings)


@contextmanager
def alone(url: str) -> Iterator[None]:
    """Nobody else plays, shows or removes the demo meanwhile; raises `Refused` when somebody does already."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        if row != (True,):
            raise Refused("a demo is running already: open the address it printed, or stop it there with Ctrl-C")
        yield


def remove_demo(settings: Settings) -> Path:
    """Remove everything the demo made; returns the folder that is gone. Raises `NotFound`, or `Refused` while it is
    being shown."""
    folder = demo_folder(settings)
    if not folder.is_dir():
        raise NotFound(MISSING)
    with suppress(BadSetting):  # a database that does not start is nobody's and can go
        server = start_server(folder / "postgres")
        with alone(server.get_uri()):
            pass
        server.stop()
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise Refused(f"{folder} cannot be removed ({error.strerror}); remove it by hand") from None
    return folder
