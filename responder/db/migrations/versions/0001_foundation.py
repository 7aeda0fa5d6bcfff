"""Foundation: salon, dialogue, booking, leads."""

from __future__ import annotations

import importlib

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    importlib.import_module("responder.tables").metadata().create_all(op.get_bind())


def downgrade() -> None:
    importlib.import_module("responder.tables").metadata().drop_all(op.get_bind())
