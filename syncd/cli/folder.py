"""Where the configuration is when nobody says otherwise. It imports nearly nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER_VARIABLE: Final = "SYNCD_CONFIG"
DEFAULT_FOLDER: Final = Path("config")
MAIN_FILE: Final = "syncd.yaml"
