"""`python -m tests.simulation.power [SEEDS] [BUG]`: how many lives it takes to find each bug, receivers' included."""

from __future__ import annotations

import sys
import time
from concurrent.futures import as_completed

from tests.simulation import hook_bugs, webhooks
from tests.simulation.bugs import BUGS, planted, script_for
from tests.simulation.life import live
from tests.simulation.many import processes
from tests.simulation.webhooks import KNOBS


def find(name: str, seeds: int) -> tuple[str, int | None, str]:
    """Return the first seed whose life shows the bug, and what it shows."""
    with planted(name):
        for seed in range(seeds):
            problem = live(script_for(name, seed)).problem
            if problem:
                return name, seed, problem
    return name, None, ""


def find_told(name: str, histories: int) -> tuple[str, tuple[int, int] | None, str]:
    """Return the first history and schedule under webhooks that show a receiver's bug, and what they show."""
    with hook_bugs.planted(name):
        for history in range(histories):
            for schedule in range(len(KNOBS)):
                problem = webhooks.shows(history, schedule)
                if problem:
                    return name, (history, schedule), problem
    return name, None, ""


def main(seeds: str = "300", only: str = "") -> int:
    """Look for every bug, or for those whose name holds *only*; return 1 when one is not found."""
    started = time.monotonic()
    names = [name for name in (*BUGS, *hook_bugs.HOOK_BUGS) if only in name]
    missed = []
    with processes() as pool:
        looking = [pool.submit(find if name in BUGS else find_told, name, int(seeds)) for name in names]
        for ended in as_completed(looking):
            name, seed, problem = ended.result()
            print(f'    "{name}": {seed},  # {problem[:150]}', flush=True)
            if seed is None:
                missed.append(name)
    print(
        f"power: {len(names) - len(missed)} of {len(names)} bugs found within {seeds} lives, missed {missed}, "
        f"{time.monotonic() - started:.0f} s"
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
