"""Measured enquiries kept, days counted, and triggers that say which enquiries are to be measured again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_measures"
down_revision = "0003_lead_of_a_visit"
branch_labels = None
depends_on = None

MICROS = (
    "first_reply", "first_useful", "bot_frt", "bot_frt_released", "human_frt", "human_frt_released", "resolution",
    "pipeline_lag", "zendesk", "intercom", "chatwoot",
)

PARTS = ("short", "short_working", "more", "hourly")

# Every change of a stamp that may change a measure leaves a mark in its own transaction, whoever makes it. A reply of
# the bot that comes after its first useful one changes nothing and costs one look.
TRIGGERS = """
CREATE FUNCTION mark_measures_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.enquiry_id IS NULL THEN
        INSERT INTO measures_due (salon_id, enquiry_id)
        SELECT e.salon_id, e.id FROM enquiry e WHERE e.thread_id = NEW.thread_id;
    ELSIF TG_ARGV[0] = 'changed' OR NEW.author <> 'bot' OR NOT EXISTS (
        SELECT FROM enquiry_measures k
        WHERE k.enquiry_id = NEW.enquiry_id AND k.first_reply_us IS NOT NULL
          AND k.clock_start_at + k.bot_frt_us * interval '1 microsecond' <= NEW.accepted_at
    ) THEN
        INSERT INTO measures_due (salon_id, enquiry_id) VALUES (NEW.salon_id, NEW.enquiry_id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER message_stored_given AFTER INSERT ON message FOR EACH ROW
WHEN (NEW.direction = 'out' AND NEW.accepted_at IS NOT NULL AND NEW.author <> 'system')
EXECUTE FUNCTION mark_measures_of_message('given');

CREATE TRIGGER message_given AFTER UPDATE OF accepted_at ON message FOR EACH ROW
WHEN (NEW.direction = 'out' AND OLD.accepted_at IS NULL AND NEW.accepted_at IS NOT NULL AND NEW.author <> 'system')
EXECUTE FUNCTION mark_measures_of_message('given');

CREATE TRIGGER message_restamped AFTER UPDATE OF accepted_at, failed_at, delivered_at, read_at, substance, author,
    enquiry_id ON message FOR EACH ROW
WHEN (NEW.direction = 'out' AND OLD.accepted_at IS NOT NULL AND (
    NEW.accepted_at IS DISTINCT FROM OLD.accepted_at OR NEW.failed_at IS DISTINCT FROM OLD.failed_at
    OR NEW.substance IS DISTINCT FROM OLD.substance OR NEW.author IS DISTINCT FROM OLD.author
    OR NEW.enquiry_id IS DISTINCT FROM OLD.enquiry_id
    OR (NEW.failed_at IS NOT NULL AND (NEW.delivered_at IS DISTINCT FROM OLD.delivered_at
                                       OR NEW.read_at IS DISTINCT FROM OLD.read_at))))
EXECUTE FUNCTION mark_measures_of_message('changed');

CREATE FUNCTION mark_measures_of_inbound() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO measures_due (salon_id, enquiry_id)
    SELECT k.salon_id, k.enquiry_id FROM enquiry_measures k
    WHERE k.enquiry_id = NEW.enquiry_id AND LEAST(NEW.sent_at, NEW.received_at) <= k.clock_start_at;
    RETURN NULL;
END $$;

CREATE TRIGGER message_came_late AFTER INSERT ON message FOR EACH ROW
WHEN (NEW.direction = 'in' AND NEW.sent_at IS NOT NULL AND NEW.enquiry_id IS NOT NULL)
EXECUTE FUNCTION mark_measures_of_inbound();

CREATE FUNCTION mark_measures_of_enquiry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO measures_due (salon_id, enquiry_id) VALUES (NEW.salon_id, NEW.id);
    IF TG_OP = 'INSERT' THEN
        INSERT INTO measures_due (salon_id, enquiry_id)
        SELECT e.salon_id, e.id FROM enquiry e WHERE e.thread_id = NEW.thread_id AND e.id < NEW.id
        ORDER BY e.id DESC LIMIT 1;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER enquiry_opened AFTER INSERT ON enquiry FOR EACH ROW EXECUTE FUNCTION mark_measures_of_enquiry();

CREATE TRIGGER enquiry_changed AFTER UPDATE OF clock_start_at, received_at, skew_s, closed_at, close_reason, excluded,
    category, priority, source ON enquiry FOR EACH ROW
WHEN ((NEW.clock_start_at, NEW.received_at, NEW.skew_s, NEW.closed_at, NEW.close_reason, NEW.excluded, NEW.category,
       NEW.priority, NEW.source) IS DISTINCT FROM (OLD.clock_start_at, OLD.received_at, OLD.skew_s, OLD.closed_at,
       OLD.close_reason, OLD.excluded, OLD.category, OLD.priority, OLD.source))
EXECUTE FUNCTION mark_measures_of_enquiry();

CREATE FUNCTION mark_measures_of_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO measures_due (salon_id, enquiry_id)
    SELECT e.salon_id, e.id FROM enquiry e
    WHERE e.thread_id = (CASE TG_TABLE_NAME WHEN 'thread' THEN to_jsonb(NEW) -> 'id' ELSE to_jsonb(NEW) -> 'thread_id' END)::bigint;
    RETURN NULL;
END $$;

CREATE TRIGGER handoff_changed AFTER INSERT OR UPDATE ON handoff FOR EACH ROW EXECUTE FUNCTION mark_measures_of_thread();

CREATE TRIGGER thread_tested AFTER UPDATE OF is_test ON thread FOR EACH ROW
WHEN (NEW.is_test IS DISTINCT FROM OLD.is_test) EXECUTE FUNCTION mark_measures_of_thread();

CREATE FUNCTION mark_measures_of_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO measures_due (salon_id, enquiry_id) VALUES (NEW.salon_id, NEW.enquiry_id);
    RETURN NULL;
END $$;

CREATE TRIGGER appointment_booked AFTER INSERT OR UPDATE OF booked_at, specialist_id, enquiry_id ON appointment
FOR EACH ROW WHEN (NEW.booked_at IS NOT NULL AND NEW.enquiry_id IS NOT NULL)
EXECUTE FUNCTION mark_measures_of_appointment();
"""


def upgrade() -> None:
    op.create_table(
        "enquiry_measures",
        sa.Column("enquiry_id", sa.BigInteger(), sa.ForeignKey("enquiry.id"), primary_key=True),
        sa.Column("salon_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_account_id", sa.BigInteger(), nullable=False),
        sa.Column("clock_start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("source", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("category", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("priority", sa.String(), server_default=sa.text("'normal'"), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("specialist", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("excluded", sa.String(), nullable=True),
        sa.Column("first_reply_by", sa.String(), nullable=True),
        sa.Column("first_useful_by", sa.String(), nullable=True),
        sa.Column("skew_us", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        *(
            sa.Column(f"{stem}{mode}_us", sa.BigInteger(), nullable=True)
            for stem in MICROS
            for mode in ("", "_working")
        ),
        sa.Column(
            "human_wait_from_at", postgresql.ARRAY(sa.DateTime(timezone=True)), server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("human_wait_us", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "human_wait_working_us", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("is_booked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_handed_off", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
    )
    op.create_index("enquiry_measures_day", "enquiry_measures", ["salon_id", "day"])
    op.create_index(
        "enquiry_measures_open", "enquiry_measures", ["salon_id", "day"], postgresql_where=sa.text("has_open")
    )
    op.create_table(
        "measures_due",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True),
        sa.Column("salon_id", sa.BigInteger(), nullable=False),
        sa.Column("enquiry_id", sa.BigInteger(), nullable=False),
    )
    op.create_index("measures_due_salon", "measures_due", ["salon_id", "id"])
    op.create_table(
        "rollup_day",
        sa.Column("salon_id", sa.BigInteger(), sa.ForeignKey("salon.id"), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("is_stale", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.create_index("rollup_day_stale", "rollup_day", ["salon_id", "day"], postgresql_where=sa.text("is_stale"))
    op.create_table(
        "rollup",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True),
        sa.Column("salon_id", sa.BigInteger(), sa.ForeignKey("salon.id"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("side", sa.String(), server_default=sa.text("'cell'"), nullable=False),
        sa.Column("person", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("channel_account_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("source", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("category", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("priority", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("counters", postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        *(sa.Column(part, sa.LargeBinary(), nullable=False) for part in PARTS),
    )
    op.create_index("rollup_day_of_salon", "rollup", ["salon_id", "day"])
    # read whole and always: unpacking would cost more than the disk
    for part in PARTS:
        op.execute(f"ALTER TABLE rollup ALTER COLUMN {part} SET STORAGE EXTERNAL")
    op.execute(TRIGGERS)
    op.execute("INSERT INTO measures_due (salon_id, enquiry_id) SELECT salon_id, id FROM enquiry ORDER BY id")


def downgrade() -> None:
    for table, triggers in {
        "message": ("message_stored_given", "message_given", "message_restamped", "message_came_late"),
        "enquiry": ("enquiry_opened", "enquiry_changed"),
        "handoff": ("handoff_changed",),
        "thread": ("thread_tested",),
        "appointment": ("appointment_booked",),
    }.items():
        for trigger in triggers:
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    for of in ("message", "inbound", "enquiry", "thread", "appointment"):
        op.execute(f"DROP FUNCTION mark_measures_of_{of}()")
    for table in ("rollup", "rollup_day", "measures_due", "enquiry_measures"):
        op.drop_table(table)
