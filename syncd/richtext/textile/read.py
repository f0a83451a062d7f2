"""Read Textile into blocks, line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from syncd.richtext.blocks import (
    MAX_DEPTH,
    Block,
    Code,
    Details,
    Heading,
    Html,
    Item,
    Para,
    Quote,
    Rule,
    Run,
    Runs,
    TooDeepError,
)
from syncd.richtext.carry import RAW, parse_carried
from syncd.richtext.parse import Located
from syncd.richtext.textile.cut import Cut, Pieces, read_pre
from syncd.richtext.textile.inline import Inline
from syncd.richtext.textile.lines import ALERT, ITEM, PREFIX, RULE, kind_of_line
from syncd.richtext.textile.table import read_table
from syncd.richtext.tidy import clean, clean_words, placeholder, tidy, tidy_list

_BOX = re.compile(r"\[([ xX])\](?=\s|$)")


class Reader:
    """Reads one source; afterwards *losses* holds what Markdown cannot fully say."""

    def __init__(self, source: str) -> None:
        self.losses: set[str] = set()
        self._source = source
        self._depth = 0

    def blocks(self) -> tuple[Block, ...]:
        """Return the blocks; raises `TooDeepError`."""
        return tuple(found.block for found in self.located())

    def located(self) -> list[Located]:
        """Return the blocks with the lines of the source they stand on; several may share lines."""
        pieces = Pieces(self._source)
        found = _Lines(pieces, self).blocks(pieces.text.split("\n"))
        starts = [0]
        for line in pieces.text.split("\n"):
            starts.append(starts[-1] + pieces.restore(line).count("\n") + 1)
        return [Located(one.block, starts[one.first_line], starts[one.end_line]) for one in found]

    def inner(self, source: str) -> tuple[Block, ...]:
        """Return the blocks of text inside a macro."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooDeepError
        pieces = Pieces(source)
        found = _Lines(pieces, self).blocks(pieces.text.split("\n"))
        self._depth -= 1
        return tuple(one.block for one in found)


class _Lines:
    """Reads lines whose code and macros were cut out."""

    def __init__(self, pieces: Pieces, reader: Reader) -> None:
        self._pieces = pieces
        self._reader = reader
        self._inline = Inline(pieces, reader.losses)
        self._depth = 0

    def blocks(self, lines: Sequence[str]) -> list[Located]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooDeepError
        found: list[Located] = []
        at = 0
        while at < len(lines):
            if not lines[at].strip():
                at += 1
                continue
            end = self._end(lines, at)
            found += [Located(block, at, end) for block in self._chunk(lines[at:end])]
            at = end
        self._depth -= 1
        return found

    def _end(self, lines: Sequence[str], start: int) -> int:
        """Return where the lines that belong together with the one at *start* end."""
        kind = kind_of_line(lines[start])
        at = start + 1
        while at < len(lines) and lines[at].strip():
            following = kind_of_line(lines[at])
            if kind == "quote":
                if following != "quote":
                    break
            elif kind != "table" and following not in ("", kind if kind == "list" else ""):
                break
            at += 1
        return at

    def _chunk(self, lines: Sequence[str]) -> Iterator[Block]:
        kind = kind_of_line(lines[0])
        if kind == "quote":
            yield self._quote(lines)
        elif kind == "list":
            yield from self._lists(lines)
        elif kind == "table" and (table := read_table(lines, self._runs, self._reader.losses)):
            yield table
        elif len(lines) == 1 and RULE.fullmatch(lines[0]):
            yield Rule()
        else:
            yield from self._prefixed("\n".join(lines))

    def _prefixed(self, text: str) -> Iterator[Block]:
        match = PREFIX.match(text.lstrip(" "))
        if not match:
            yield from self._segments(text)
            return
        rest = text.lstrip(" ")[match.end() :]
        name = match[1]
        if match[2] or match[3]:
            self._reader.losses.add("attributes")
        if name[0] == "h":
            yield Heading(int(name[1]), self._runs(rest))
        elif name == "bq":
            yield Quote(tuple(self._segments(rest)))
        elif name == "p":
            yield from self._segments(rest)
        else:
            yield from _paragraph(tidy([Run("text", f"[^{name[2:]}]: "), *self._inline.runs(rest)]))

    def _runs(self, text: str) -> Runs:
        return tidy(self._inline.runs(text))

    def _segments(self, text: str) -> Iterator[Block]:
        """Yield the paragraphs of *text*, and the code and macros between them."""
        done = 0
        for match in self._pieces.token.finditer(text):
            cut = self._pieces.cut_of(match.group())
            alone = not text[done : match.start()].strip() and not text[match.end() :].strip()
            if cut.kind == "pre" or (alone and cut.kind in ("comment", "macro")):
                yield from _paragraph(self._runs(text[done : match.start()]))
                yield from self._standing(cut)
                done = match.end()
        yield from _paragraph(self._runs(text[done:]))

    def _standing(self, cut: Cut) -> Iterator[Block]:
        """Yield what was cut out and stands by itself."""
        if cut.kind == "pre":
            block = read_pre(cut)
            yield from _uncarried(block) if block.info == RAW else (block,)
        elif cut.kind == "comment":
            self._reader.losses.add("comment")
            yield Html(clean(cut.source).rstrip())
        elif cut.name == "collapse":
            yield Details(clean_words(cut.args), self._reader.inner(cut.inside))
        else:
            self._reader.losses.add("macro")
            yield Para((Run("text", placeholder(cut.source, f"macro {cut.name}")),))

    def _quote(self, lines: Sequence[str]) -> Quote:
        inner = [line[1:].removeprefix(" ") for line in lines]
        alert = ""
        if match := ALERT.fullmatch(inner[0]):
            alert, inner = match[1].upper(), inner[1:]
        return Quote(tuple(one.block for one in self.blocks(inner)), alert)

    def _lists(self, lines: Sequence[str]) -> Iterator[Block]:
        items: list[tuple[str, list[str]]] = []
        for line in lines:
            match = ITEM.fullmatch(line)
            if match:
                if match[2]:
                    self._reader.losses.add("attributes")
                items.append((match[1], [match[3]]))
            else:
                items[-1][1].append(line)
        if max(len(sign) for sign, _ in items) > MAX_DEPTH:
            raise TooDeepError
        at = 0
        while at < len(items):
            found, at = self._level(items, at)
            yield from found

    def _level(self, items: Sequence[tuple[str, list[str]]], at: int) -> tuple[list[Block], int]:
        """Return the list that starts at *at*, and where what is deeper or alike ends."""
        sign = items[at][0]
        found: list[Item] = []
        while at < len(items) and items[at][0][-1] == sign[-1] and len(items[at][0]) == len(sign):
            item = self._item("\n".join(items[at][1]))
            at += 1
            while at < len(items) and len(items[at][0]) > len(sign):
                deeper, at = self._level(items, at)
                item = Item((*item.blocks, *deeper), item.done)
            found.append(item)
        return list(tidy_list(1 if sign[-1] == "#" else None, found)), at

    def _item(self, text: str) -> Item:
        done: bool | None = None
        if match := _BOX.match(text):
            done, text = match[1] != " ", text[match.end() :]
        return Item(tuple(self._segments(text)), done)


def _paragraph(runs: Runs) -> tuple[Block, ...]:
    return (Para(runs),) if runs else ()


def _uncarried(block: Code) -> tuple[Block, ...]:
    found = parse_carried(block.text)
    return (block,) if found is None else (found,)
