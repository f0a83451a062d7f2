"""Keep what webhooks told until it is read, and how the daemon stands, for those who ask from outside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know what webhooks told, and how the daemon stands."""
    op.create_table(
        "inbox",
        sa.Column("connection", STRING, nullable=False),
        sa.Column("delivery", STRING, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "delivery", name="pk_inbox"),
    )
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["received_at"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("ix_inbox_connection_received_at", "inbox", ["connection", "received_at"])
    op.create_table(
        "standing",
        sa.Column("name", STRING, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_standing"),
    )
