"""How often a lead has failed in a row: what staff are told of, unlike failures that passed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_failures_of_a_lead"
down_revision = "0012_turns_given_up"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lead_delivery", sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    op.drop_column("lead_delivery", "failures")
