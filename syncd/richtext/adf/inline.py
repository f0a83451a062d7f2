"""Write runs as ADF inline nodes, putting back the nodes whose text is still there."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from syncd.richtext.adf.losses import LOSSY_MARKS
from syncd.richtext.adf.nodes import Node, children, kind_of, marks_of
from syncd.richtext.adf.read import Reader
from syncd.richtext.adf.schema import INLINE
from syncd.richtext.blocks import Link, Marks, Run, Runs
from syncd.richtext.tidy import JOINER, plain, tidy
from syncd.richtext.write import Writer

Key = tuple[str, str, Link | None]


class Pool:
    """
    The inline nodes of replaced blocks, by the text they read as.

    A mention, date, emoji, status, card, inline file or extension goes back
    where its text still stands, first come first served. Text with marks that
    Markdown does not show (colours, comments) keeps them where the same text
    stands as often as before.
    """

    def __init__(self, nodes: Iterable[Node], reader: Reader, new_text: str) -> None:
        self._nodes: dict[Key, deque[Node]] = {}
        found: list[tuple[Key, Node, bool]] = []
        texts: list[str] = []
        for node in _inline_nodes(nodes):
            runs = reader.inline([node])
            texts.append(plain(runs))
            if len(runs) == 1 and _is_settled(runs[0]) and (kind_of(node) != "text" or _is_lossy(node)):
                key: Key = (runs[0].kind, runs[0].text, runs[0].link)
                found.append((key, node, kind_of(node) == "text"))
        old_text = "".join(texts)
        for key, node, is_text in found:
            if not is_text or old_text.count(key[1]) == new_text.count(key[1]):
                self._nodes.setdefault(key, deque()).append(node)
        words = sorted((key[1] for key in self._nodes if key[0] == "text" and not key[2]), key=len, reverse=True)
        self._words = re.compile("(" + "|".join(map(re.escape, words)) + ")") if words else None

    def take(self, run: Run) -> Node | None:
        """Return a node that reads exactly as *run*, at most once each."""
        waiting = self._nodes.get((run.kind, run.text, run.link))
        if not waiting:
            return None
        if kind_of(waiting[0]) == "text" and _base_marks(waiting[0]) != run.marks:
            return None
        return waiting.popleft()

    def split(self, run: Run) -> Iterator[Run]:
        """Yield *run* cut where pooled nodes may stand."""
        if run.kind != "text" or run.link or not self._words:
            yield run
            return
        for part in self._words.split(run.text):
            if part:
                yield replace(run, text=part)


def _is_settled(run: Run) -> bool:
    """Return whether *run* stands for exactly itself: tidying would change no more than its outer white space."""
    settled = tidy([run])
    return len(settled) == 1 and replace(run, text=run.text.strip()) == settled[0]


def _inline_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    waiting = deque(nodes)
    while waiting:
        node = waiting.popleft()
        inner = children(node)
        if kind_of(node) in INLINE:
            yield node
        elif inner:
            waiting.extendleft(reversed(inner))


def _is_lossy(node: Node) -> bool:
    return any(kind_of(mark) in LOSSY_MARKS for mark in marks_of(node))


def _base_marks(node: Node) -> Marks:
    runs = Reader().inline([node])
    return runs[0].marks if runs else frozenset()


EMPTY = Pool((), Reader(), "")


def inline_nodes(runs: Runs, pool: Pool) -> list[Node]:
    """Return *runs* as ADF inline nodes."""
    out: list[Node] = []
    for run in runs:
        for part in pool.split(run):
            found = pool.take(part)
            out.append(found if found is not None else _node(part))
    return out


def _node(run: Run) -> Node:
    if run.kind == "break":
        return {"type": "hardBreak"}
    text, marks = run.text, _marks(run)
    if run.kind in ("html", "image"):
        text = JOINER + Writer().inline((replace(run, link=None, marks=frozenset()),), "line") + JOINER
    node: dict[str, object] = {"type": "text", "text": text}
    if marks:
        node["marks"] = marks
    return node


def _marks(run: Run) -> list[Node]:
    marks: list[Node] = []
    if run.link:
        attrs = {"href": run.link.href}
        if run.link.title:
            attrs["title"] = run.link.title
        marks.append({"type": "link", "attrs": attrs})
    if run.kind == "code":
        return [*marks, {"type": "code"}]
    if run.kind != "text":
        return marks
    marks += [{"type": kind} for kind in ("strong", "em", "strike") if kind in run.marks]
    if "under" in run.marks:
        marks.append({"type": "underline"})
    if "sub" in run.marks or "sup" in run.marks:
        marks.append({"type": "subsup", "attrs": {"type": "sub" if "sub" in run.marks else "sup"}})
    return marks
