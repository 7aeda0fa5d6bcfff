"""Who said when that a person's message is of another substance than the rule found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_substance_corrected"
down_revision = "0006_bi_views"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("substance_corrected_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("message", sa.Column("substance_corrected_by", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "substance_corrected_by")
    op.drop_column("message", "substance_corrected_at")
