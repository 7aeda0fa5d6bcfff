"""The desk: who logs in and what they did, notes, saved replies, what was read, tags, bars, bookings by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015_desk"
down_revision = "0014_llm_costs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("totp_secret", sa.String(), nullable=True),
        sa.Column("totp_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_last_step", sa.BigInteger(), nullable=True),
        sa.Column("recovery_digests", sa.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("login", name="account_login"),
    )
    op.create_table(
        "staff_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("user_agent", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("address", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", name="staff_session_digest"),
    )
    op.create_index("staff_session_account", "staff_session", ["account_id"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("salon_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("address", sa.String(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operator.id"],
        ),
        sa.ForeignKeyConstraint(
            ["salon_id"],
            ["salon.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_entry_account", "audit_entry", ["account_id", "id"], unique=False)
    op.create_index("audit_entry_salon", "audit_entry", ["salon_id", "id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("salon_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["operator.id"],
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operator.id"],
        ),
        sa.ForeignKeyConstraint(
            ["salon_id"],
            ["salon.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", name="invitation_digest"),
    )
    op.create_index("ix_invitation_salon_id", "invitation", ["salon_id"], unique=False)
    op.create_table(
        "saved_reply",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("salon_id", sa.BigInteger(), nullable=False),
        sa.Column("shortcut", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["salon_id"],
            ["salon.id"],
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["operator.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("salon_id", "shortcut", name="saved_reply_shortcut"),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("salon_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("mentions", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("is_hint", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operator.id"],
        ),
        sa.ForeignKeyConstraint(
            ["salon_id"],
            ["salon.id"],
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("note_thread", "note", ["thread_id", "id"], unique=False)
    op.create_index(
        "note_once",
        "note",
        ["thread_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "thread_seen",
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operator.id"],
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["thread.id"],
        ),
        sa.PrimaryKeyConstraint("thread_id", "operator_id"),
    )
    op.add_column("appointment", sa.Column("note", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("appointment", sa.Column("created_by_id", sa.BigInteger(), nullable=True))
    op.add_column("appointment", sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("appointment", sa.Column("marked_by_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key("appointment_created_by_id_fkey", "appointment", "operator", ["created_by_id"], ["id"])
    op.create_foreign_key("appointment_marked_by_id_fkey", "appointment", "operator", ["marked_by_id"], ["id"])
    op.create_index(
        "handoff_open",
        "handoff",
        ["salon_id", "needed_at"],
        unique=False,
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_index(
        "message_words",
        "message",
        [sa.text("to_tsvector('simple'::regconfig, text::text)")],
        unique=False,
        postgresql_using="gin",
        postgresql_where=sa.text("author IN ('customer', 'human', 'human_device')"),
    )
    op.add_column("operator", sa.Column("is_from_file", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("operator", sa.Column("account_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_operator_account_id", "operator", ["account_id"], unique=False)
    op.create_foreign_key("operator_account_id_fkey", "operator", "account", ["account_id"], ["id"])
    op.add_column("thread", sa.Column("barred_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("thread", sa.Column("barred_by_id", sa.BigInteger(), nullable=True))
    op.add_column("thread", sa.Column("tags", sa.ARRAY(sa.String()), server_default=sa.text("'{}'"), nullable=False))
    op.create_index(
        "thread_awaited",
        "thread",
        ["salon_id", "unanswered_since"],
        unique=False,
        postgresql_where=sa.text("mode = 'human' AND unanswered_since IS NOT NULL"),
    )
    op.create_index(
        "thread_operator", "thread", ["operator_id"], unique=False, postgresql_where=sa.text("operator_id IS NOT NULL")
    )
    op.create_foreign_key("thread_barred_by_id_fkey", "thread", "operator", ["barred_by_id"], ["id"])


def downgrade() -> None:
    op.drop_index("thread_operator", table_name="thread", postgresql_where=sa.text("operator_id IS NOT NULL"))
    op.drop_index(
        "thread_awaited",
        table_name="thread",
        postgresql_where=sa.text("mode = 'human' AND unanswered_since IS NOT NULL"),
    )
    op.drop_column("thread", "tags")
    op.drop_column("thread", "barred_by_id")
    op.drop_column("thread", "barred_at")
    op.drop_index("ix_operator_account_id", table_name="operator")
    op.drop_column("operator", "account_id")
    op.drop_column("operator", "is_from_file")
    op.drop_index(
        "message_words",
        table_name="message",
        postgresql_using="gin",
        postgresql_where=sa.text("author IN ('customer', 'human', 'human_device')"),
    )
    op.drop_index("handoff_open", table_name="handoff", postgresql_where=sa.text("returned_at IS NULL"))
    op.drop_column("appointment", "marked_by_id")
    op.drop_column("appointment", "marked_at")
    op.drop_column("appointment", "created_by_id")
    op.drop_column("appointment", "note")
    op.drop_table("thread_seen")
    op.drop_index("note_thread", table_name="note")
    op.drop_table("note")
    op.drop_table("saved_reply")
    op.drop_index("ix_invitation_salon_id", table_name="invitation")
    op.drop_table("invitation")
    op.drop_index("audit_entry_salon", table_name="audit_entry")
    op.drop_index("audit_entry_account", table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index("staff_session_account", table_name="staff_session")
    op.drop_table("staff_session")
    op.drop_table("account")
