"""Know what connections were called before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know what connections were called before."""
    op.create_table(
        "renamed",
        sa.Column("old", STRING, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("new", STRING, nullable=False),
        sa.PrimaryKeyConstraint("old", "at", name="pk_renamed"),
    )
