"""Turns that were given up: how far the first failure had read, and whom a person has to answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_turns_given_up"
down_revision = "0011_packed_measures"
branch_labels = None
depends_on = None

GIVEN_UP = sa.text("decision = 'handoff_failed'")


def upgrade() -> None:
    op.add_column("thread", sa.Column("failing_to_id", sa.BigInteger(), nullable=True))
    op.create_index("turn_given_up", "turn", ["enquiry_id"], unique=False, postgresql_where=GIVEN_UP)


def downgrade() -> None:
    op.drop_index("turn_given_up", table_name="turn", postgresql_where=GIVEN_UP)
    op.drop_column("thread", "failing_to_id")
