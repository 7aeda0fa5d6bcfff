"""What opening hours a day's measures rest on; marks of late messages held against the enquiry itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_hours_of_days"
down_revision = "0008_written_replies"
branch_labels = None
depends_on = None

# The enquiry's own row, not the kept one: while an enquiry is being measured its kept row is of before. Messages come
# late in two ways: by the messenger's time, or by ours when two processes store at once.
LATE = """
CREATE OR REPLACE FUNCTION mark_measures_of_inbound() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO measures_due (salon_id, enquiry_id)
    SELECT e.salon_id, e.id FROM enquiry e
    WHERE e.id = NEW.enquiry_id AND (
        (LEAST(NEW.sent_at, NEW.received_at) <= e.clock_start_at AND NEW.received_at > e.received_at)
        OR NEW.received_at < e.received_at);
    RETURN NULL;
END $$;

DROP TRIGGER message_came_late ON message;

CREATE TRIGGER message_came_late AFTER INSERT ON message FOR EACH ROW
WHEN (NEW.direction = 'in' AND NEW.enquiry_id IS NOT NULL AND NEW.received_at IS NOT NULL)
EXECUTE FUNCTION mark_measures_of_inbound();
"""

BEFORE = """
CREATE OR REPLACE FUNCTION mark_measures_of_inbound() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO measures_due (salon_id, enquiry_id)
    SELECT k.salon_id, k.enquiry_id FROM enquiry_measures k
    WHERE k.enquiry_id = NEW.enquiry_id AND LEAST(NEW.sent_at, NEW.received_at) <= k.clock_start_at;
    RETURN NULL;
END $$;

DROP TRIGGER message_came_late ON message;

CREATE TRIGGER message_came_late AFTER INSERT ON message FOR EACH ROW
WHEN (NEW.direction = 'in' AND NEW.sent_at IS NOT NULL AND NEW.enquiry_id IS NOT NULL)
EXECUTE FUNCTION mark_measures_of_inbound();
"""


def upgrade() -> None:
    op.add_column("rollup_day", sa.Column("reaches", sa.Date(), nullable=True))
    op.add_column("rollup_day", sa.Column("hours_digest", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("rollup_day", sa.Column("hours_revision", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute(LATE)
    # a queue that is nearly empty: a fifth of it dead is no measure of when to clean it
    op.execute("ALTER TABLE measures_due SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)")


def downgrade() -> None:
    op.execute("ALTER TABLE measures_due RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)")
    op.execute(BEFORE)
    for column in ("hours_revision", "hours_digest", "reaches"):
        op.drop_column("rollup_day", column)
