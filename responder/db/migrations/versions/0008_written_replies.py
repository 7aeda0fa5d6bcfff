"""What a person writes is measured before a messenger accepts it, and when none does: other definitions count it."""

from __future__ import annotations

from alembic import op

revision = "0008_written_replies"
down_revision = "0007_substance_corrected"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TRIGGER message_written AFTER INSERT ON message FOR EACH ROW
        WHEN (NEW.direction = 'out' AND NEW.author = 'human' AND NEW.accepted_at IS NULL)
        EXECUTE FUNCTION mark_measures_of_message('given')
        """
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER message_written ON message")
