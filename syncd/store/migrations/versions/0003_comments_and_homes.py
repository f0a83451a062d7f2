"""Find comments from what they are below; remember which links home are shown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Find comments from what they are below; remember which links home are shown."""
    op.add_column("entity", sa.Column("parent", STRING, nullable=True))
    op.create_index("ix_entity_parent", "entity", ["parent"], unique=False)
    op.create_table(
        "home",
        sa.Column("link", STRING, nullable=False),
        sa.Column("digest", STRING, nullable=False),
        sa.Column("shown_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["link"], ["link.id"], name="fk_home_link", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("link", name="pk_home"),
    )
