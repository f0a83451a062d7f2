"""What the believable portfolio talks about. Nothing here decides anything."""

from __future__ import annotations

from typing import Final, NamedTuple


class Theme(NamedTuple):
    """One initiative and the things its tasks are about."""

    title: str
    goal: str
    team: str
    label: str
    milestones: tuple[str, str]
    subjects: tuple[str, ...]


THEMES: Final = (
    Theme(
        "Enterprise single sign-on",
        "Customers with more than 500 seats sign in with their own identity provider.",
        "Identity",
        "sso",
        ("SSO beta", "SSO general availability"),
        ("SAML metadata import", "SCIM user sync", "session lifetime", "login audit trail", "domain verification"),
    ),
    Theme(
        "Checkout in under a minute",
        "A returning buyer pays in less than sixty seconds, measured at the median.",
        "Payments",
        "checkout",
        ("One-page checkout", "Wallet payments"),
        ("address autocomplete", "saved cards", "express wallet", "tax estimate", "order summary"),
    ),
    Theme(
        "Data kept in the EU",
        "Every European workspace stores and processes its data inside the EU.",
        "Platform",
        "residency",
        ("EU region ready", "EU migration finished"),
        ("Frankfurt cluster", "backup encryption", "log shipping", "tenant move", "support access"),
    ),
    Theme(
        "Onboarding without a call",
        "Nine in ten new workspaces reach their first report without talking to us.",
        "Growth",
        "onboarding",
        ("Guided setup", "Template gallery"),
        ("sample workspace", "import wizard", "invitation mail", "progress checklist", "first report"),
    ),
    Theme(
        "Open partner API",
        "Partners build on a documented, versioned API with sane limits.",
        "Integrations",
        "partner-api",
        ("API preview", "API version 1"),
        ("rate limit headers", "webhook signing", "API reference", "OAuth consent page", "sandbox accounts"),
    ),
    Theme(
        "Accessible by default",
        "Every page passes WCAG 2.2 AA with a keyboard and a screen reader.",
        "Web",
        "a11y",
        ("Keyboard complete", "Audit passed"),
        ("focus order", "colour contrast", "chart descriptions", "form errors", "motion settings"),
    ),
)

VERBS: Final = ("Design", "Build", "Test", "Document", "Roll out", "Measure", "Harden", "Review")
COMPONENTS: Final = ("Backend", "Frontend", "Operations")
EXTRA_LABELS: Final = ("customer-request", "tech-debt", "security", "quick-win")

PEOPLE: Final = (
    ("ada", "Ada Example", "ada@acme.example", True),
    ("ben", "Ben Example", "ben@acme.example", True),
    ("chi", "Chi Example", "chi@acme.example", True),
    ("dora", "Dora Example", "dora@acme.example", False),
    ("emil", "Emil Example", "emil@acme.example", True),
    ("fay", "Fay Example", "fay@acme.example", False),
)
"""Handle, name, e-mail, and whether the tools show that e-mail to others."""
