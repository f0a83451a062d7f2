"""Know what people were told, what they are still to be told, and which target does not take it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know what people were told, what they are still to be told, and which target does not take it."""
    op.create_table(
        "notified",
        sa.Column("portfolio", STRING, nullable=False),
        sa.Column("topic", STRING, nullable=False),
        sa.Column("subject", STRING, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.Column("basis", STRING, nullable=False),
        sa.PrimaryKeyConstraint("portfolio", "topic", "subject", name="pk_notified"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", STRING, nullable=False),
        sa.Column("target", STRING, nullable=False),
        sa.Column("portfolio", STRING, nullable=False),
        sa.Column("topic", STRING, nullable=False),
        sa.Column("how", STRING, nullable=False),
        sa.Column("text", STRING, nullable=False),
        sa.Column("fix", STRING, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_target", "outbox", ["target"], unique=False)
    op.create_table(
        "outbox_target",
        sa.Column("target", STRING, nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("reason", STRING, nullable=False),
        sa.Column("fix", STRING, nullable=False),
        sa.PrimaryKeyConstraint("target", name="pk_outbox_target"),
    )
