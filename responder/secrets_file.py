"""Secrets the installation makes for itself on first start and keeps in its folder, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from responder.errors import BadSetting


def kept_secret(folder: Path, name: str) -> str:
    """The secret of that name, made when there is none; the same for every process of the folder. Raises `BadSetting`
    when the folder cannot be written."""
    path = folder / f"{name}.secret"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text(encoding="ascii").strip()
        with os.fdopen(handle, "w", encoding="ascii") as file:
            secret = secrets.token_urlsafe(32)
            file.write(secret)
        return secret
    except OSError as error:
        raise BadSetting(
            "VAR_DIR", f"{folder} cannot be used ({error.strerror})", "Name a folder we may write"
        ) from error
