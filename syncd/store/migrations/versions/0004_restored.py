"""Know that the store is an old copy, and what of it was not looked at since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know that the store is an old copy, and what of it was not looked at since."""
    op.create_table(
        "restored",
        sa.Column("connection", STRING, nullable=False),
        sa.Column("why", STRING, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection", name="pk_restored"),
    )
    op.create_table(
        "stale",
        sa.Column("entity", STRING, nullable=False),
        sa.Column("revisions", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["entity"], ["entity.id"], name="fk_stale_entity", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entity", name="pk_stale"),
    )
