"""Lay the tables out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lay the tables out."""
    op.create_table(
        "cursor",
        sa.Column("connection", STRING, nullable=False),
        sa.Column("cursor", STRING, nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("query", STRING, nullable=False),
        sa.PrimaryKeyConstraint("connection", name="pk_cursor"),
    )
    op.create_table(
        "entity",
        sa.Column("id", STRING, nullable=False),
        sa.Column("portfolio", STRING, nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("vals", sa.Text(), nullable=False),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_entity"),
    )
    op.create_index("ix_entity_portfolio_kind", "entity", ["portfolio", "kind"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", STRING, nullable=False),
        sa.Column("holder", STRING, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "ledger",
        sa.Column("hash", STRING, nullable=False),
        sa.Column("run", STRING, nullable=True),
        sa.Column("entity", STRING, nullable=False),
        sa.Column("field", STRING, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_ledger"),
    )
    op.create_index("ix_ledger_entity", "ledger", ["entity"], unique=False)
    op.create_table(
        "match_proposal",
        sa.Column("id", STRING, nullable=False),
        sa.Column("portfolio", STRING, nullable=False),
        sa.Column("kind", STRING, nullable=False),
        sa.Column("refs", sa.Text(), nullable=False),
        sa.Column("entity", STRING, nullable=True),
        sa.Column("reason", STRING, nullable=False),
        sa.Column("state", STRING, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_match_proposal"),
    )
    op.create_index("ix_match_proposal_portfolio_state", "match_proposal", ["portfolio", "state"], unique=False)
    op.create_table(
        "observed",
        sa.Column("ref", STRING, nullable=False),
        sa.Column("connection", STRING, nullable=False),
        sa.Column("portfolio", STRING, nullable=False),
        sa.Column("revision", STRING, nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Text(), nullable=False),
        sa.Column("previous_updated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ref", name="pk_observed"),
    )
    op.create_index("ix_observed_connection", "observed", ["connection"], unique=False)
    op.create_index("ix_observed_portfolio", "observed", ["portfolio"], unique=False)
    op.create_table(
        "plan",
        sa.Column("id", STRING, nullable=False),
        sa.Column("portfolio", STRING, nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("state", STRING, nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
    )
    op.create_index("ix_plan_portfolio_made_at", "plan", ["portfolio", "made_at"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("connection", STRING, nullable=False),
        sa.Column("subject", STRING, nullable=False),
        sa.Column("field", STRING, nullable=False),
        sa.Column("ref", STRING, nullable=True),
        sa.Column("entity", STRING, nullable=True),
        sa.Column("reason", STRING, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "subject", "field", name="pk_quarantine"),
    )
    op.create_table(
        "run",
        sa.Column("id", STRING, nullable=False),
        sa.Column("command", STRING, nullable=False),
        sa.Column("portfolio", STRING, nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", STRING, nullable=True),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("audit_rows", sa.BigInteger(), nullable=False),
        sa.Column("audit_hash", STRING, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_started_at", "run", ["started_at"], unique=False)
    op.create_table(
        "audit",
        sa.Column("run", STRING, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("connection", STRING, nullable=False),
        sa.Column("ref", STRING, nullable=False),
        sa.Column("entity", STRING, nullable=False),
        sa.Column("verb", STRING, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("hash", STRING, nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_audit_run"),
        sa.PrimaryKeyConstraint("run", "seq", name="pk_audit"),
    )
    op.create_index("ix_audit_connection_at", "audit", ["connection", "at"], unique=False)
    op.create_index("ix_audit_entity", "audit", ["entity"], unique=False)
    op.create_index("ix_audit_ref", "audit", ["ref"], unique=False)
    op.create_table(
        "conflict",
        sa.Column("id", STRING, nullable=False),
        sa.Column("portfolio", STRING, nullable=False),
        sa.Column("entity", STRING, nullable=False),
        sa.Column("field", STRING, nullable=False),
        sa.Column("contenders", sa.Text(), nullable=False),
        sa.Column("why", STRING, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("how", STRING, nullable=True),
        sa.ForeignKeyConstraint(["entity"], ["entity.id"], name="fk_conflict_entity", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_conflict"),
    )
    op.create_index("ix_conflict_entity", "conflict", ["entity"], unique=False)
    op.create_index(
        "uq_conflict_open",
        "conflict",
        ["entity", "field"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "dirty",
        sa.Column("entity", STRING, nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entity"], ["entity.id"], name="fk_dirty_entity", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entity", name="pk_dirty"),
    )
    op.create_table(
        "field_state",
        sa.Column("entity", STRING, nullable=False),
        sa.Column("field", STRING, nullable=False),
        sa.Column("link", STRING, nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("trouble", STRING, nullable=True),
        sa.Column("text", STRING, nullable=False),
        sa.Column("undone", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entity"], ["entity.id"], name="fk_field_state_entity", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("entity", "field", "link", name="pk_field_state"),
    )
    op.create_table(
        "link",
        sa.Column("id", STRING, nullable=False),
        sa.Column("entity", STRING, nullable=False),
        sa.Column("ref", STRING, nullable=False),
        sa.Column("connection", STRING, nullable=False),
        sa.Column("portfolio", STRING, nullable=False),
        sa.Column("state", STRING, nullable=False),
        sa.Column("container", STRING, nullable=False),
        sa.Column("type", STRING, nullable=False),
        sa.Column("key", STRING, nullable=False),
        sa.Column("url", STRING, nullable=True),
        sa.Column("created_by_us", sa.Boolean(), nullable=False),
        sa.Column("default_fields", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entity"], ["entity.id"], name="fk_link_entity"),
        sa.PrimaryKeyConstraint("id", name="pk_link"),
    )
    op.create_index("ix_link_connection", "link", ["connection"], unique=False)
    op.create_index("ix_link_entity", "link", ["entity"], unique=False)
    op.create_index("ix_link_key", "link", ["key"], unique=False)
    op.create_index("ix_link_ref", "link", ["ref"], unique=False)
    op.create_index(
        "uq_link_ref_linked",
        "link",
        ["ref"],
        unique=True,
        sqlite_where=sa.text("state != 'unlinked'"),
        postgresql_where=sa.text("state != 'unlinked'"),
    )
    op.create_table(
        "plan_change",
        sa.Column("plan", STRING, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", STRING, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("state", STRING, nullable=False),
        sa.Column("reason", STRING, nullable=True),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], name="fk_plan_change_plan", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan", "seq", name="pk_plan_change"),
    )
    op.create_index("ix_plan_change_key", "plan_change", ["key"], unique=False)
    op.create_table(
        "base",
        sa.Column("link", STRING, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["link"], ["link.id"], name="fk_base_link", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("link", name="pk_base"),
    )
    op.create_table(
        "op",
        sa.Column("id", STRING, nullable=False),
        sa.Column("run", STRING, nullable=False),
        sa.Column("change", STRING, nullable=True),
        sa.Column("connection", STRING, nullable=False),
        sa.Column("entity", STRING, nullable=False),
        sa.Column("link", STRING, nullable=True),
        sa.Column("verb", STRING, nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("native", sa.Text(), nullable=False),
        sa.Column("payload_hash", STRING, nullable=False),
        sa.Column("pre_hash", STRING, nullable=False),
        sa.Column("state", STRING, nullable=False),
        sa.Column("marker", STRING, nullable=True),
        sa.Column("container", STRING, nullable=False),
        sa.Column("type", STRING, nullable=False),
        sa.Column("reason", STRING, nullable=True),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["link"], ["link.id"], name="fk_op_link"),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_op_run"),
        sa.PrimaryKeyConstraint("id", name="pk_op"),
    )
    op.create_index("ix_op_entity", "op", ["entity"], unique=False)
    op.create_index("ix_op_link", "op", ["link"], unique=False)
    op.create_index(
        "ix_op_open",
        "op",
        ["connection"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_op_run", "op", ["run"], unique=False)
    op.create_table(
        "tombstone",
        sa.Column("link", STRING, nullable=False),
        sa.Column("first_missing_at", sa.BigInteger(), nullable=False),
        sa.Column("last_checked_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["link"], ["link.id"], name="fk_tombstone_link", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("link", name="pk_tombstone"),
    )
    op.create_table(
        "described",
        sa.Column("connection", STRING, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection", name="pk_described"),
    )
    op.create_table(
        "seen_person",
        sa.Column("connection", STRING, nullable=False),
        sa.Column("id", STRING, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "id", name="pk_seen_person"),
    )
