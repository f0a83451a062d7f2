"""A pytest plugin for judging mutants: Hypothesis tries few examples of each law, always the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

EXAMPLES: Final = 20


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Cut short what tries more examples."""
    for item in items:
        params: dict[str, object] = item.callspec.params if hasattr(item, "callspec") else {}
        if "examples" in params:
            params["examples"] = EXAMPLES
