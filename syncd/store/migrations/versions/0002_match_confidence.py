"""How sure a match proposal is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the confidence of a match proposal, in percent."""
    op.add_column("match_proposal", sa.Column("confidence", sa.Integer(), nullable=True))
