"""One-time codes of an authenticator app (RFC 6238, six digits, 30 s) and recovery codes for a lost phone."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken

STEP_S = 30
DRIFT_STEPS = 1  # a phone's clock may be this far off
RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is read for something else


class Sealer:
    """Keeps secrets of the second factor encrypted with the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        digest = hashlib.sha256(f"second factor:{secret_key}".encode()).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(digest))

    def seal(self, text: str) -> str:
        return self._cipher.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """None when it was sealed with another key."""
        try:
            return self._cipher.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(secret: str, *, login: str) -> str:
    """What the QR code says, in the form that authenticator apps read."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Responder")


def step_of_code(secret: str, code: str, *, now: datetime, last_step: int | None) -> int | None:
    """The time step a code belongs to; None for a wrong one, or one of a step that was used already."""
    digits = "".join(code.split())
    current = int(now.timestamp()) // STEP_S
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        expected = pyotp.TOTP(secret).at(step * STEP_S)
        if secrets.compare_digest(expected.encode(), digits.encode()):
            return None if last_step is not None and step <= last_step else step
    return None


def new_recovery_codes() -> list[str]:
    """Codes to be shown once; only their digests are kept."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES))
    return [f"{group[:5]}-{group[5:]}" for group in groups]


def recovery_digest(code: str) -> str:
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    return hashlib.sha256(f"recovery:{plain}".encode()).hexdigest()
