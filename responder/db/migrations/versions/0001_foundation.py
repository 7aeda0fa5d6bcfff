"""Foundation: salon, dialogue, booking, leads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('salon',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('revision', sa.Integer(), server_default=sa.text('1'), nullable=False),
    sa.Column('profile', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('imported_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('slug', name='salon_slug')
    )
    op.create_table('turn',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('thread_id', sa.BigInteger(), nullable=False),
    sa.Column('enquiry_id', sa.BigInteger(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('first_message_id', sa.BigInteger(), nullable=True),
    sa.Column('last_message_id', sa.BigInteger(), nullable=True),
    sa.Column('understood_by', sa.String(), nullable=False),
    sa.Column('llm_outcome', sa.String(), nullable=True),
    sa.Column('meaning', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('decision', sa.String(), server_default=sa.text("''"), nullable=False),
    sa.Column('prompt_version', sa.String(), nullable=True),
    sa.Column('tokens_in', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('tokens_out', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('stages_ms', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('turn_thread', 'turn', ['thread_id', 'id'], unique=False)
    op.create_table('channel_account',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('is_active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('salon_id', 'key', name='channel_account_key')
    )
    op.create_table('customer',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.String(), nullable=True),
    sa.Column('phone', sa.String(), nullable=True),
    sa.Column('language', sa.String(), nullable=True),
    sa.Column('is_vip', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('customer_phone', 'customer', ['salon_id', 'phone'], unique=False)
    op.create_table('operator',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('is_active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('role', sa.String(), server_default=sa.text("'operator'"), nullable=False),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('salon_id', 'key', name='operator_key')
    )
    op.create_table('service',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('is_active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('salon_id', 'key', name='service_key')
    )
    op.create_table('specialist',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('is_active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('salon_id', 'key', name='specialist_key')
    )
    op.create_table('thread',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('channel_account_id', sa.BigInteger(), nullable=False),
    sa.Column('thread_key', sa.String(), nullable=False),
    sa.Column('customer_id', sa.BigInteger(), nullable=False),
    sa.Column('display_name', sa.String(), nullable=True),
    sa.Column('mode', sa.String(), server_default=sa.text("'bot'"), nullable=False),
    sa.Column('operator_id', sa.BigInteger(), nullable=True),
    sa.Column('state', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('source', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('is_blocked', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('is_test', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('last_inbound_id', sa.BigInteger(), nullable=True),
    sa.Column('answered_to_id', sa.BigInteger(), nullable=True),
    sa.Column('unanswered_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_message_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('turn_due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('turn_failures', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('lease_token', sa.String(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['channel_account_id'], ['channel_account.id'], ),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], ),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], ),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('channel_account_id', 'thread_key', name='thread_key')
    )
    op.create_index(op.f('ix_thread_customer_id'), 'thread', ['customer_id'], unique=False)
    op.create_index('thread_due', 'thread', ['turn_due_at'], unique=False, postgresql_where=sa.text('turn_due_at IS NOT NULL'))
    op.create_index('thread_recent', 'thread', ['salon_id', sa.literal_column('last_message_at DESC')], unique=False)
    op.create_table('enquiry',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('thread_id', sa.BigInteger(), nullable=False),
    sa.Column('customer_id', sa.BigInteger(), nullable=False),
    sa.Column('channel_account_id', sa.BigInteger(), nullable=False),
    sa.Column('clock_start_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('skew_s', sa.Float(), server_default=sa.text('0.0'), nullable=False),
    sa.Column('source', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('category', sa.String(), nullable=True),
    sa.Column('priority', sa.String(), server_default=sa.text("'normal'"), nullable=False),
    sa.Column('excluded', sa.String(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('close_reason', sa.String(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['channel_account_id'], ['channel_account.id'], ),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], ),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('enquiry_arrival', 'enquiry', ['salon_id', 'clock_start_at'], unique=False)
    op.create_index('enquiry_open', 'enquiry', ['thread_id'], unique=True, postgresql_where=sa.text('closed_at IS NULL'))
    op.create_index(op.f('ix_enquiry_thread_id'), 'enquiry', ['thread_id'], unique=False)
    op.create_table('appointment',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('specialist_id', sa.BigInteger(), nullable=False),
    sa.Column('service_id', sa.BigInteger(), nullable=False),
    sa.Column('customer_id', sa.BigInteger(), nullable=True),
    sa.Column('thread_id', sa.BigInteger(), nullable=True),
    sa.Column('enquiry_id', sa.BigInteger(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('busy', postgresql.TSTZRANGE(), nullable=False),
    sa.Column('hold_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('booked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    postgresql.ExcludeConstraint((sa.text("int8range(specialist_id, specialist_id, '[]')"), '&&'), (sa.column('busy'), '&&'), where=sa.text("state IN ('held', 'booked', 'came')"), using='gist', name='appointment_no_overlap'),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], ),
    sa.ForeignKeyConstraint(['enquiry_id'], ['enquiry.id'], ),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], ),
    sa.ForeignKeyConstraint(['specialist_id'], ['specialist.id'], ),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('appointment_customer', 'appointment', ['customer_id'], unique=False)
    op.create_index('appointment_day', 'appointment', ['salon_id', 'starts_at'], unique=False)
    op.create_index('appointment_holds', 'appointment', ['hold_until'], unique=False, postgresql_where=sa.text("state = 'held'"))
    op.create_index('appointment_thread', 'appointment', ['thread_id'], unique=False)
    op.create_table('handoff',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('thread_id', sa.BigInteger(), nullable=False),
    sa.Column('enquiry_id', sa.BigInteger(), nullable=True),
    sa.Column('needed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('detail', sa.String(), server_default=sa.text("''"), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('operator_id', sa.BigInteger(), nullable=True),
    sa.Column('returned_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['enquiry_id'], ['enquiry.id'], ),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], ),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('handoff_enquiry', 'handoff', ['enquiry_id'], unique=False)
    op.create_index('handoff_thread', 'handoff', ['thread_id'], unique=False)
    op.create_table('message',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('thread_id', sa.BigInteger(), nullable=True),
    sa.Column('enquiry_id', sa.BigInteger(), nullable=True),
    sa.Column('channel_account_id', sa.BigInteger(), nullable=False),
    sa.Column('direction', sa.String(), nullable=False),
    sa.Column('author', sa.String(), nullable=False),
    sa.Column('auto_reply', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('kind', sa.String(), server_default=sa.text("'message'"), nullable=False),
    sa.Column('provider_key', sa.String(), nullable=True),
    sa.Column('provider_message_id', sa.String(), nullable=True),
    sa.Column('order_key', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('text', sa.String(), server_default=sa.text("''"), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('raw', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_at_resolution_s', sa.Float(), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('stored_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('edited_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('composed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('substance', sa.String(), nullable=True),
    sa.Column('idempotency_key', sa.String(), nullable=True),
    sa.Column('send_state', sa.String(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failure', sa.String(), nullable=True),
    sa.Column('turn_id', sa.BigInteger(), nullable=True),
    sa.Column('operator_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['enquiry_id'], ['enquiry.id'], ),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('message_enquiry', 'message', ['enquiry_id', 'id'], unique=False)
    op.create_index('message_once', 'message', ['channel_account_id', 'provider_key'], unique=True, postgresql_where=sa.text('provider_key IS NOT NULL'))
    op.create_index('message_provider', 'message', ['channel_account_id', 'provider_message_id'], unique=False)
    op.create_index('message_sent_once', 'message', ['thread_id', 'idempotency_key'], unique=True, postgresql_where=sa.text("direction = 'out'"))
    op.create_index('message_thread', 'message', ['thread_id', 'id'], unique=False)
    op.create_index('message_unsent', 'message', ['thread_id', 'id'], unique=False, postgresql_where=sa.text("send_state IN ('queued', 'sending', 'unknown')"))
    op.create_table('lead',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('salon_id', sa.BigInteger(), nullable=False),
    sa.Column('enquiry_id', sa.BigInteger(), nullable=False),
    sa.Column('thread_id', sa.BigInteger(), nullable=False),
    sa.Column('customer_id', sa.BigInteger(), nullable=False),
    sa.Column('appointment_id', sa.BigInteger(), nullable=True),
    sa.Column('origin_id', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=True),
    sa.Column('phone', sa.String(), nullable=True),
    sa.Column('service', sa.String(), nullable=True),
    sa.Column('specialist', sa.String(), nullable=True),
    sa.Column('wish', sa.String(), nullable=True),
    sa.Column('visit_state', sa.String(), nullable=True),
    sa.Column('visit_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('source', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('revision', sa.Integer(), server_default=sa.text('1'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['appointment_id'], ['appointment.id'], ),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], ),
    sa.ForeignKeyConstraint(['enquiry_id'], ['enquiry.id'], ),
    sa.ForeignKeyConstraint(['salon_id'], ['salon.id'], ),
    sa.ForeignKeyConstraint(['thread_id'], ['thread.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('enquiry_id', name='lead_enquiry'),
    sa.UniqueConstraint('origin_id', name='lead_origin')
    )
    op.create_index('lead_recent', 'lead', ['salon_id', 'id'], unique=False)
    op.create_table('lead_delivery',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('lead_id', sa.BigInteger(), nullable=False),
    sa.Column('crm_key', sa.String(), nullable=False),
    sa.Column('crm_id', sa.String(), nullable=True),
    sa.Column('crm_url', sa.String(), nullable=True),
    sa.Column('revision', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.String(), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('parked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('parked_revision', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['lead_id'], ['lead.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('lead_id', 'crm_key', name='lead_delivery_once')
    )


def downgrade() -> None:
    op.drop_table('lead_delivery')
    op.drop_index('lead_recent', table_name='lead')
    op.drop_table('lead')
    op.drop_index('message_unsent', table_name='message', postgresql_where=sa.text("send_state IN ('queued', 'sending', 'unknown')"))
    op.drop_index('message_thread', table_name='message')
    op.drop_index('message_sent_once', table_name='message', postgresql_where=sa.text("direction = 'out'"))
    op.drop_index('message_provider', table_name='message')
    op.drop_index('message_once', table_name='message', postgresql_where=sa.text('provider_key IS NOT NULL'))
    op.drop_index('message_enquiry', table_name='message')
    op.drop_table('message')
    op.drop_index('handoff_thread', table_name='handoff')
    op.drop_index('handoff_enquiry', table_name='handoff')
    op.drop_table('handoff')
    op.drop_index('appointment_thread', table_name='appointment')
    op.drop_index('appointment_holds', table_name='appointment', postgresql_where=sa.text("state = 'held'"))
    op.drop_index('appointment_day', table_name='appointment')
    op.drop_index('appointment_customer', table_name='appointment')
    op.drop_table('appointment')
    op.drop_index(op.f('ix_enquiry_thread_id'), table_name='enquiry')
    op.drop_index('enquiry_open', table_name='enquiry', postgresql_where=sa.text('closed_at IS NULL'))
    op.drop_index('enquiry_arrival', table_name='enquiry')
    op.drop_table('enquiry')
    op.drop_index('thread_recent', table_name='thread')
    op.drop_index('thread_due', table_name='thread', postgresql_where=sa.text('turn_due_at IS NOT NULL'))
    op.drop_index(op.f('ix_thread_customer_id'), table_name='thread')
    op.drop_table('thread')
    op.drop_table('specialist')
    op.drop_table('service')
    op.drop_table('operator')
    op.drop_index('customer_phone', table_name='customer')
    op.drop_table('customer')
    op.drop_table('channel_account')
    op.drop_index('turn_thread', table_name='turn')
    op.drop_table('turn')
    op.drop_table('salon')
