"""
Every node and mark of ADF, and what Markdown makes of it.

Source: the vendor's JSON schema, `dist/json-schema/v1/full.json` and
`stage-0.json` of the npm package @atlaskit/adf-schema 57.7.22 (read 2026-11-20).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Rendering(StrEnum):
    """How much of a node Markdown can say."""

    EXPRESSIBLE = "expressible"
    """Markdown says it, apart from attributes of looks."""
    APPROXIMATED = "approximated"
    """Readable in Markdown; the node itself stays as long as its block is unchanged."""
    OPAQUE = "opaque"
    """A one-line placeholder; the node stays as long as the placeholder does."""


_E, _A, _O = Rendering.EXPRESSIBLE, Rendering.APPROXIMATED, Rendering.OPAQUE

NODES: Final[Mapping[str, Rendering]] = MappingProxyType(
    {
        "doc": _E,
        "paragraph": _E,
        "text": _E,
        "hardBreak": _E,
        "heading": _E,
        "bulletList": _E,
        "orderedList": _E,
        "listItem": _E,
        "taskList": _E,
        "taskItem": _E,
        "codeBlock": _E,
        "blockquote": _E,
        "rule": _E,
        "table": _E,
        "tableRow": _E,
        "tableHeader": _E,
        "tableCell": _E,
        "panel": _E,
        "expand": _E,
        "nestedExpand": _E,
        "blockTaskItem": _A,
        "decisionList": _A,
        "decisionItem": _A,
        "mention": _A,
        "emoji": _A,
        "date": _A,
        "status": _A,
        "placeholder": _A,
        "inlineCard": _A,
        "blockCard": _A,
        "embedCard": _A,
        "caption": _A,
        "layoutSection": _A,
        "layoutColumn": _A,
        "bodiedExtension": _A,
        "bodiedSyncBlock": _A,
        "mediaSingle": _O,
        "mediaGroup": _O,
        "media": _O,
        "mediaInline": _O,
        "extension": _O,
        "inlineExtension": _O,
        "multiBodiedExtension": _O,
        "extensionFrame": _O,
        "syncBlock": _O,
        "image": _O,
        "unsupportedBlock": _O,
        "unsupportedInline": _O,
    }
)
"""Nodes not named here are opaque. A picture with a public address (`external` media) is expressible."""

MARKS: Final[Mapping[str, Rendering]] = MappingProxyType(
    {
        "strong": _E,
        "em": _E,
        "strike": _E,
        "code": _E,
        "link": _E,
        "underline": _E,
        "subsup": _E,
        "textColor": _A,
        "backgroundColor": _A,
        "fontSize": _A,
        "alignment": _A,
        "indentation": _A,
        "breakout": _A,
        "border": _A,
        "annotation": _A,
        "dataConsumer": _A,
        "fragment": _A,
    }
)
"""Marks: the approximated ones are not shown, and stay with unchanged text."""

PANEL_ALERTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "info": "NOTE",
        "tip": "TIP",
        "note": "IMPORTANT",
        "warning": "WARNING",
        "error": "CAUTION",
        "success": "TIP",
        "custom": "NOTE",
    }
)
"""A panel's type as a GitHub alert; the first type of each alert is the one written."""

ALERT_PANELS: Final[Mapping[str, str]] = MappingProxyType(
    {alert: panel for panel, alert in reversed(list(PANEL_ALERTS.items()))}
)

INLINE: Final = frozenset(
    {
        "text",
        "hardBreak",
        "mention",
        "emoji",
        "date",
        "status",
        "placeholder",
        "inlineCard",
        "mediaInline",
        "inlineExtension",
        "unsupportedInline",
    }
)
"""Nodes that stand inside text."""

RAW: Final = "raw-markdown"
"""The language of a code block that carries a block ADF has no word for, as Markdown."""
