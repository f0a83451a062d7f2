"""`python -m tests.soak [MINUTES] [SEED] [PER_S]`: the real daemon among people and trouble, one line of figures."""

from __future__ import annotations

import csv
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from benchmarks.measure import ROOT, BrokenRunError
from benchmarks.webhooks import Office, office
from tests.soak.daemon import CONNECTIONS, Daemon, Installation, install, running
from tests.soak.figures import Sample, Soaked, line, violations
from tests.soak.upheavals import MOST_SHORT_S, Turn, is_calm, script

ITEMS, SHORT_ITEMS = 40, 12
EVERY_S, SHORT_EVERY_S = 20.0, 5.0
"""How often the daemon looks by itself; in a short soak more often, since it has as many cycles to get right."""
SAMPLE_S: Final = 5.0
TELLS_S: Final = 30.0
SETTLES_S: Final = 300.0
"""The longest it may take until everything is everywhere, once nothing is wrong any more."""
FOLDER: Final = ROOT / ".cache" / "soak"


@dataclass
class Soak:
    """One under way."""

    people: Office
    daemon: Daemon
    turns: list[Turn]
    seconds: float
    began_s: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    told_s: float = 0.0

    @property
    def now_s(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began_s

    def live(self) -> None:
        """Let everything happen."""
        waiting, on = list(self.turns), list[Turn]()
        while self.now_s < self.seconds:
            for turn in [each for each in on if each.ends_s <= self.now_s]:
                self._end(turn)
                on.remove(turn)
            while waiting and waiting[0].at_s <= self.now_s:
                on.append(waiting.pop(0))
                self._begin(on[-1])
            self._look(on[0].what.name if on else "")
            time.sleep(0.1)
        for turn in on:
            self._end(turn)

    def _begin(self, turn: Turn) -> None:
        for command in turn.what.begins:
            self.people.ask(command)
        self.daemon.begin(turn)

    def _end(self, turn: Turn) -> None:
        for command in turn.what.ends:
            self.people.ask(command)
        self.daemon.end(turn)

    def _look(self, wrong: str) -> None:
        """Take a sample when it is time to, and say now and then how far it is."""
        if self.samples and self.now_s < self.samples[-1].at_s + SAMPLE_S:
            return
        if not self.daemon.is_alive:
            raise BrokenRunError(f"the daemon ended: {self.daemon.last_words()}")
        self.samples.append(self.daemon.sample(self.now_s))
        self._tell(wrong)

    def _tell(self, what: str) -> None:
        """Say how far it is, now and then."""
        if self.now_s < self.told_s + TELLS_S:
            return
        self.told_s = self.now_s
        stands, last = self.people.ask("stand"), self.samples[-1]
        print(
            f"{self.now_s / 60:5.1f} min  RSS {last.rss_mb:.1f} MB, {last.descriptors} descriptors, "
            f"{stands['said']} said, {len(stands['pending'])} under way, backlog {last.backlog}, "
            f"unknown {last.unknown}, conflicts {last.conflicts}, quarantine {last.quarantine}  {what} "
            f"{'; '.join(stands['pending'][:2])}",
            file=sys.stderr,
            flush=True,
        )

    def settle(self) -> float:
        """Wait until all is everywhere and nothing waits any more, but not for ever; return how long that took."""
        began = time.monotonic()
        while time.monotonic() - began < SETTLES_S:
            stands = self.people.ask("stand")
            told = self.daemon.metrics()
            is_done = told and not told.get("syncd_backlog") and not told.get("syncd_unknown_outcomes")
            if is_done and not stands["pending"]:
                break
            self._tell("settling")
            time.sleep(1.0)
        return time.monotonic() - began

    def writes_of(self, seconds: float) -> list[str]:
        """Return what is written within so many seconds from now."""
        before = self.people.ask("stand")["writes"]
        time.sleep(seconds)
        after = self.people.ask("stand")
        count = after["writes"] - before
        return [f"{count}, the last {after['wrote'][-min(count, 5) :]}"] if count else []


def soak(minutes: float, seed: int, per_s: float, folder: Path) -> Soaked:
    """
    Let the real daemon live through so many minutes of it, and say what came of it.

    Raises:
        BrokenRunError: something did not start, or ended.
    """
    seconds = 60.0 * minutes
    every_s, items = (EVERY_S, ITEMS) if seconds > MOST_SHORT_S else (SHORT_EVERY_S, SHORT_ITEMS)
    with office("tests.soak.office", str(items), str(seed)) as people:
        installed = install(folder, people.told, every_s)
        installed.agree()
        if not people.ask("meet"):
            raise BrokenRunError("no task is in all four tools")
        with running(installed) as daemon:
            people.ask("hooks " + " ".join(f"{tool}={_url(installed, tool)}" for tool in CONNECTIONS))
            one = Soak(people, daemon, script(seconds, seed), seconds)
            with _kept(one, folder):
                people.ask(f"edit {per_s}")
                one.live()
                people.ask("rest")
                people.ask("clear")
                aside = installed.let_flow()
                settled_s = one.settle()
                # What came by a webhook may ask for a whole cycle, and one more settles what that found.
                for _ in range(2):
                    time.sleep(every_s)
                late = one.writes_of(2 * every_s + 2)
            return replace(_judged(one, installed, settled_s, late), aside=aside)


def _url(installed: Installation, tool: str) -> str:
    return f"http://127.0.0.1:{installed.hooks}/hooks/{CONNECTIONS[tool]}"


@contextmanager
def _kept(one: Soak, folder: Path) -> Iterator[None]:
    """Keep every sample as a table, and what went wrong when, however it ends."""
    try:
        yield
    finally:
        with (folder / "samples.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(Sample.__slots__))
            table.writeheader()
            table.writerows(asdict(each) for each in one.samples)
        told = [f"{turn.at_s:7.1f} {turn.ends_s:7.1f} {turn.what.name}\n" for turn in one.turns]
        (folder / "upheavals.txt").write_text("".join(told))


def _judged(one: Soak, installed: Installation, settled_s: float, late: list[str]) -> Soaked:
    stands, found = one.people.ask("stand"), one.people.ask("judge")
    last = one.daemon.sample(one.now_s)
    one.samples.append(last)
    left = {"webhooks not looked at": last.backlog, "writes of unknown outcome": last.unknown}
    unsettled = [*found["unsettled"], *(f"{count} {what}" for what, count in left.items() if count)]
    unsettled += installed.differences()
    lags = _lags(one.people.ask("lags"), one)
    code = one.daemon.stop()
    return Soaked(
        seconds=one.seconds,
        samples=one.samples,
        calm_lags=[until_s - at_s for at_s, until_s in lags if is_calm(one.turns, at_s, until_s)],
        lags=[until_s - at_s for at_s, until_s in lags],
        edits=stands["acts"],
        writes=stands["writes"],
        upheavals=len(one.turns),
        struck=stands["struck"],
        settled_s=settled_s,
        lost=found["lost"],
        doubled=found["doubled"],
        unsettled=unsettled,
        late_writes=late,
        broken=[] if code == 0 else [f"told to stop, the daemon ended with {code}: {one.daemon.last_words()}"],
    )


def _lags(told: object, one: Soak) -> list[tuple[float, float]]:
    """Return when each edit was said and when one other tool had it, in seconds from the beginning."""
    assert isinstance(told, list)
    return [(said_s - one.began_s, there_s - one.began_s) for said_s, *there in told for there_s in there]


def main(minutes: str = "30", seed: str = "1", per_s: str = "1") -> int:
    """Soak, print what is not to be and the line, and return 1 for the former."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what runs is ended with it
    folder = FOLDER / time.strftime("%Y%m%d-%H%M%S")
    shutil.rmtree(folder, ignore_errors=True)
    done = soak(float(minutes), int(seed), float(per_s), folder)
    wrong = violations(done)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(line(done))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
