"""A backup put back over a store keeps every store that was there, whatever the clock says."""

from __future__ import annotations

from pathlib import Path

from syncd.store.keeping import SQLITE, back_up, restore
from syncd.store.store import open_store
from tests.store.conftest import Clock


async def test_stores_replaced_within_one_second_are_all_kept(clock: Clock, tmp_path: Path) -> None:
    world, file = clock.world(), tmp_path / "backup.db"
    url = f"{SQLITE}{tmp_path / 'syncd.db'}"
    async with await open_store(url, world):
        pass
    await back_up(url, file, world)

    inodes, kept = set[int](), list[Path]()
    for _ in range(3):
        inodes.add((tmp_path / "syncd.db").stat().st_ino)
        _, aside = await restore(url, file, world)
        assert aside is not None
        kept.append(aside)

    assert [each.name for each in kept] == [f"syncd.db.20260301T120000Z{end}" for end in ("", ".2", ".3")]
    assert {each.stat().st_ino for each in kept} == inodes
