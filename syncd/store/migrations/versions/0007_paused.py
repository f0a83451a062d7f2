"""Know what a person paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know what a person paused."""
    op.create_table(
        "paused",
        sa.Column("scope", STRING, nullable=False),
        sa.Column("subject", STRING, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("why", STRING, nullable=True),
        sa.PrimaryKeyConstraint("scope", "subject", name="pk_paused"),
    )
