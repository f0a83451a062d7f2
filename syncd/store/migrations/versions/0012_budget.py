"""Know what processes told each other of the request budgets they share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know what processes told each other of the request budgets they share."""
    op.create_table(
        "budget",
        sa.Column("connection", STRING, nullable=False),
        sa.Column("bucket", STRING, nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        sa.Column("blocked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "bucket", name="pk_budget"),
    )
    op.create_table(
        "budget_user",
        sa.Column("connection", STRING, nullable=False),
        sa.Column("holder", STRING, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "holder", name="pk_budget_user"),
    )
