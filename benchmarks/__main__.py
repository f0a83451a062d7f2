"""`python -m benchmarks [BARS] [SCALE] [PAIRS]`: run the bars, print the table, end with one line and 0 or 1."""

from __future__ import annotations

import logging
import sys
import time

import structlog

from benchmarks.bars import BARS, Asked, Result
from benchmarks.measure import BrokenRunError


def main(bars: str = "", scale: str = "1", pairs: str = "5") -> int:
    """Run *bars* (all when empty) and say which were missed."""
    names = [name.strip() for name in bars.split(",") if name.strip()] or list(BARS)
    unknown = [name for name in names if name not in BARS]
    if unknown:
        print(f"no bar {', '.join(unknown)}: there are {', '.join(BARS)}", file=sys.stderr)
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asked = Asked(scale=float(scale), rounds=max(1, int(pairs)))
    results: list[Result] = []
    for name in names:
        started = time.monotonic()
        try:
            for result in BARS[name](asked):
                results.append(result)
                _show(result)
        except BrokenRunError as exc:
            results.append(Result(bar=name, what="could not be measured", found=str(exc), wanted="", met=False))
            _show(results[-1])
        print(f"{name} took {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    missed = sorted({result.bar for result in results if result.met is False})
    judged = sorted({result.bar for result in results if result.met is not None})
    scaled = "" if asked.scale == 1.0 else f" (at {asked.scale:g} of the items: no verdict on the bars themselves)"
    if missed:
        print(f"bench: missed {', '.join(missed)} of {', '.join(judged)}{scaled}")
        return 1
    print(f"bench: {', '.join(judged) or 'nothing'} met{scaled}")
    return 0


def _show(result: Result) -> None:
    verdict = {True: "met", False: "MISSED", None: ""}[result.met]
    print(f"{result.bar:4} {result.what:58} {result.found:42} {result.wanted:12} {verdict}", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
