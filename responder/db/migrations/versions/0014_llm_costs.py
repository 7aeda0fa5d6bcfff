"""What an LLM cost, turn by turn: the model, the tokens found in its cache, the money; and a view of it for BI tools."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_llm_costs"
down_revision = "0013_failures_of_a_lead"
branch_labels = None
depends_on = None

VIEW = """
CREATE VIEW bi.llm_spending AS
SELECT t.salon_id, s.slug AS salon, t.id AS turn_id, t.enquiry_id, t.thread_id, t.started_at,
    t.started_at AT TIME ZONE COALESCE(s.profile ->> 'zone', 'UTC') AS started_local,
    (t.started_at AT TIME ZONE COALESCE(s.profile ->> 'zone', 'UTC'))::date AS day,
    t.llm_model AS model, t.llm_outcome AS outcome, t.prompt_version, t.tokens_in, t.tokens_cached, t.tokens_out,
    t.llm_cost_micros / 1000000.0 AS cost, t.llm_currency AS currency
FROM public.turn t JOIN public.salon s ON s.id = t.salon_id
WHERE t.tokens_in > 0
"""


def upgrade() -> None:
    op.add_column("turn", sa.Column("llm_model", sa.String(), nullable=True))
    op.add_column("turn", sa.Column("tokens_cached", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("turn", sa.Column("llm_cost_micros", sa.BigInteger(), nullable=True))
    op.add_column("turn", sa.Column("llm_currency", sa.String(), nullable=True))
    op.create_index(
        "turn_paid", "turn", ["salon_id", "started_at"], postgresql_where=sa.text("tokens_in > 0")
    )
    op.execute(VIEW)


def downgrade() -> None:
    op.execute("DROP VIEW bi.llm_spending")
    op.drop_index("turn_paid", table_name="turn")
    for column in ("llm_currency", "llm_cost_micros", "tokens_cached", "llm_model"):
        op.drop_column("turn", column)
