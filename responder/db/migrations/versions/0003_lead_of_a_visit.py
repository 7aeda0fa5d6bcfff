"""A lead belongs to a visit, not to an enquiry: what becomes of the visit later is news of the same lead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_lead_of_a_visit"
down_revision = "0002_services_of_a_visit"
branch_labels = None
depends_on = None

ONE_LEAD_A_VISIT = """
UPDATE lead SET appointment_id = NULL
WHERE EXISTS (SELECT FROM lead earlier WHERE earlier.appointment_id = lead.appointment_id AND earlier.id < lead.id)
"""


def upgrade() -> None:
    op.execute(ONE_LEAD_A_VISIT)
    op.drop_constraint("lead_enquiry", "lead", type_="unique")
    op.create_unique_constraint("lead_visit", "lead", ["appointment_id"])
    op.create_index(
        "lead_wish", "lead", ["enquiry_id"], unique=True, postgresql_where=sa.text("appointment_id IS NULL")
    )
    op.create_index("lead_enquiry", "lead", ["enquiry_id"])


def downgrade() -> None:
    op.drop_index("lead_enquiry", table_name="lead")
    op.drop_index("lead_wish", table_name="lead")
    op.drop_constraint("lead_visit", "lead", type_="unique")
    op.create_unique_constraint("lead_enquiry", "lead", ["enquiry_id"])
