"""Timers of enquiries, alerts, and confirmation of bookings by a manager."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010_watch_and_alerts"
down_revision = "0009_hours_of_days"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('enquiry', sa.Column('next_check_at', sa.DateTime(timezone=True), nullable=True))
    # what is open already is looked at once, and from then on when it is time
    op.execute("UPDATE enquiry SET next_check_at = now() WHERE closed_at IS NULL AND excluded IS NULL")
    op.create_index('enquiry_check', 'enquiry', ['next_check_at'], unique=False, postgresql_where=sa.text('next_check_at IS NOT NULL'))
    op.add_column('appointment', sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('appointment', sa.Column('confirmed_by_id', sa.BigInteger(), nullable=True))
    op.create_foreign_key('appointment_confirmed_by_id_fkey', 'appointment', 'operator', ['confirmed_by_id'], ['id'])
    op.create_table('sla_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('enquiry_id', sa.BigInteger(), nullable=False),
    sa.Column('measure', sa.String(), nullable=False),
    sa.Column('number', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('step', sa.String(), nullable=False),
    sa.Column('target_s', sa.Float(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('fired_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['enquiry_id'], ['enquiry.id'], ),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('sla_event_once', 'sla_event', ['enquiry_id', 'measure', 'number', 'step'], unique=True)
    op.create_index('sla_event_recent', 'sla_event', ['salon_id', 'due_at'], unique=False)
    op.create_table('alert',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('step', sa.String(), server_default=sa.text("''"), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('severity', sa.String(), nullable=False),
    sa.Column('roles', postgresql.ARRAY(sa.String()), nullable=False),
    sa.Column('thread_id', sa.BigInteger(), nullable=True),
    sa.Column('enquiry_id', sa.BigInteger(), nullable=True),
    sa.Column('facts', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('routed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('resolved_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['enquiry_id'], ['enquiry.id'], ),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('alert_once', 'alert', ['salon_id', 'subject', 'step'], unique=True, postgresql_where=sa.text('resolved_at IS NULL'))
    op.create_index('alert_recent', 'alert', ['salon_id', 'id'], unique=False)
    op.create_index('alert_unrouted', 'alert', ['salon_id'], unique=False, postgresql_where=sa.text('routed_at IS NULL'))
    op.create_table('alert_delivery',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('alert_id', sa.BigInteger(), nullable=False),
    sa.Column('destination', sa.String(), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('dropped_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['alert_id'], ['alert.id'], ),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('alert_id', 'destination', name='alert_delivery_once')
    )
    op.create_index('alert_delivery_pending', 'alert_delivery', ['salon_id', 'destination'], unique=False, postgresql_where=sa.text('sent_at IS NULL AND dropped_at IS NULL'))
    op.create_index('alert_delivery_sent', 'alert_delivery', ['salon_id', 'destination', 'sent_at'], unique=False)


def downgrade() -> None:
    op.drop_table('alert_delivery')
    op.drop_table('alert')
    op.drop_table('sla_event')
    op.drop_constraint('appointment_confirmed_by_id_fkey', 'appointment', type_='foreignkey')
    op.drop_column('appointment', 'confirmed_by_id')
    op.drop_column('appointment', 'confirmed_at')
    op.drop_index('enquiry_check', table_name='enquiry', postgresql_where=sa.text('next_check_at IS NOT NULL'))
    op.drop_column('enquiry', 'next_check_at')
