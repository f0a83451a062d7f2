"""Repeat one random history: `python -m tests.reconcile.repeat "any words" 42`."""

from __future__ import annotations

import sys

from tests.reconcile.test_histories import SHARES

if __name__ == "__main__":
    SHARES[sys.argv[1]][0](int(sys.argv[2]))
