"""The one normal form of inline text: clean characters, merged runs, links where there are addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from unicodedata import is_normalized, normalize

from syncd.richtext.blocks import NO_MARKS, Block, Item, Link, List, Marks, Run, Runs

JOINER = "\u2060"
"""
Word joiner: invisible, and nobody's content. We put it into pushed text to keep
it from acting (see `neutral.py`), so the normal form of text is without it.
"""

_NEWLINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNWANTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_PLAIN = re.compile(r"[\t\n\x20-\x7e]*")
_ADDRESS = re.compile(r"(?<!\w)https?://[^\s<>\x00-\x20\u2060]+")
_UNSAFE_HREF = re.compile(r"(?:javascript|vbscript|file|data):", re.IGNORECASE)
_HREF_NOISE = re.compile(r"[\x00-\x1f\x7f\u2060]")


def clean(text: str) -> str:
    """Return *text* in NFC with LF, without control characters; half a surrogate pair becomes U+FFFD."""
    if _PLAIN.fullmatch(text):
        return text
    text = _UNWANTED.sub("", _NEWLINES.sub("\n", text))
    text = _SURROGATES.sub("\ufffd", text)
    return text if is_normalized("NFC", text) else normalize("NFC", text)


def clean_words(text: str) -> str:
    """Return *text* cleaned, on one line, with single spaces."""
    return " ".join(clean(text).replace(JOINER, "").split())


def placeholder(content: str, label: str) -> str:
    """Return the one-line text that stands for opaque *content* wherever its block goes."""
    shown = " ".join(re.sub(r"[^\w.\- ]|_", " ", clean_words(label)).split())[:60].strip()
    return f"\u27e6{shown or 'content'} \u00b7 {sha256(content.encode(errors='replace')).hexdigest()[:8]}\u27e7"


def clean_link(href: str, title: str = "") -> Link | None:
    """Return the link, or `None` when it points nowhere or would run code."""
    href = _HREF_NOISE.sub("", clean(href)).strip()
    if not href or _UNSAFE_HREF.match(href):
        return None
    return Link(href, clean_words(title))


def tidy(runs: Iterable[Run]) -> Runs:
    """Return *runs* in their one normal form: what the rendered Markdown reads back as."""
    merged = _merge(_pieces(runs))
    if len(merged) == 1 and merged[0].kind == "text" and "://" not in merged[0].text:
        text = merged[0].text.strip()
        return (replace(merged[0], text=text),) if text else ()
    return tuple(_merge(_settle(_merge(_trim(_merge(_linkify(merged)))))))


def _with(run: Run, text: str) -> Run:
    """Return *run* with another text; `dataclasses.replace` takes four times as long."""
    return Run(run.kind, text, run.marks, run.link, run.image)


def _pieces(runs: Iterable[Run]) -> Iterable[Run]:
    for run in runs:
        if run.kind == "text":
            text = clean(run.text).replace(JOINER, "")
            if "\n" not in text:
                yield _with(run, text) if text is not run.text else run
                continue
            for number, line in enumerate(text.split("\n")):
                if number:
                    yield Run("break", link=run.link)
                yield _with(run, line)
        elif run.kind == "code":
            yield _with(run, clean(run.text).replace("\n", " "))
        else:
            yield run


def _merge(runs: Iterable[Run]) -> list[Run]:
    out: list[Run] = []
    texts: list[str] = []
    for run in runs:
        if run.kind in ("text", "code") and not run.text:
            continue
        last = out[-1] if out else None
        joins = last is not None and last.kind == run.kind and run.kind in ("text", "code")
        if joins and last and last.marks == run.marks and last.link == run.link:
            texts.append(run.text)
            continue
        _flush(out, texts)
        out.append(run)
        texts = [run.text]
    _flush(out, texts)
    return out


def _flush(out: list[Run], texts: list[str]) -> None:
    if len(texts) > 1:
        out[-1] = _with(out[-1], clean("".join(texts)))


def _linkify(runs: Iterable[Run]) -> Iterable[Run]:
    """Turn bare addresses into links, as every tool shows them."""
    for run in runs:
        if run.kind != "text" or run.link or "://" not in run.text:
            yield run
            continue
        done = 0
        for match in _ADDRESS.finditer(run.text):
            href = _without_tail(match.group())
            if len(href) <= len("https://"):
                continue
            yield _with(run, run.text[done : match.start()])
            yield replace(run, text=href, link=Link(href))
            done = match.start() + len(href)
        yield _with(run, run.text[done:])


def _without_tail(address: str) -> str:
    """Drop what ends the sentence rather than the address."""
    opened, closed = address.count("("), address.count(")")
    end = len(address)
    while end:
        last = address[end - 1]
        if last == ")" and closed > opened:
            closed -= 1
        elif last not in "?!.,:;*_~'\"]|":
            break
        end -= 1
    return address[:end]


def _settle(runs: list[Run]) -> Iterable[Run]:
    """
    Give breaks, code and white space the marks that both neighbours share, so that emphasis spans or skips them.

    A break is inside a link when both its neighbours are.
    """
    before: list[Run | None] = []
    beside: list[Run | None] = []
    solid: Run | None = None
    other: Run | None = None
    for run in runs:
        before.append(solid)
        beside.append(other)
        solid = run if _is_solid(run) else solid
        other = run if run.kind != "break" else other
    after: Run | None = None
    behind: Run | None = None
    settled: list[Run] = []
    for run, left, neighbour in zip(reversed(runs), reversed(before), reversed(beside), strict=True):
        if run.kind == "break":
            link = neighbour.link if neighbour and behind and neighbour.link == behind.link else None
            settled.append(Run("break", marks=_shared(left, after), link=link))
            continue
        behind = run
        if _is_solid(run):
            after = run
            settled.append(run)
        else:
            settled.append(replace(run, marks=_shared(left, after)))
    return reversed(settled)


def _shared(left: Run | None, right: Run | None) -> Marks:
    return left.marks & right.marks if left and right else NO_MARKS


def _is_solid(run: Run) -> bool:
    return run.kind == "text" and not run.text.isspace()


def _trim(runs: list[Run]) -> list[Run]:
    """Strip white space at both ends and around breaks; drop breaks at both ends."""
    out: list[Run] = []
    for run in runs:
        if run.kind == "break":
            _trim_end(out)
            if out:
                out.append(run)
        elif run.kind == "text" and (not out or out[-1].kind == "break"):
            text = run.text.lstrip()
            if text:
                out.append(_with(run, text))
        else:
            out.append(run)
    _trim_end(out)
    while out and out[-1].kind == "break":
        out.pop()
        _trim_end(out)
    return out


def _trim_end(out: list[Run]) -> None:
    while out and out[-1].kind == "text":
        text = out[-1].text.rstrip()
        if text:
            out[-1] = _with(out[-1], text)
            return
        out.pop()


def tidy_list(start: int | None, items: Iterable[Item]) -> Iterable[Block]:
    """
    Yield the list as lists that are all checkboxes or none, since no tool but GitHub can mix them.

    A bullet that holds nothing but one checkbox item first *is* that checkbox item.
    """
    unfolded = [_unfold(item) for item in items]
    group: list[Item] = []
    first = 0
    for number, item in enumerate(unfolded):
        if group and (group[-1].done is None) != (item.done is None):
            yield _list(start, first, group)
            group, first = [], number
        group.append(item)
    if group:
        yield _list(start, first, group)


def _unfold(item: Item) -> Item:
    head = item.blocks[0] if item.blocks else None
    if item.done is None and isinstance(head, List) and head.is_tasks and len(head.items) == 1:
        return Item((*head.items[0].blocks, *item.blocks[1:]), done=head.items[0].done)
    if isinstance(head, List) and len(item.blocks) == 1 and all(one == Item(()) for one in head.items):
        return Item((), item.done)
    return item


def _list(start: int | None, first: int, items: list[Item]) -> List:
    if start is None or items[0].done is not None:
        return List(None, tuple(items))
    return List(min(max(start + first, 0), 999_999_999 - len(items)), tuple(items))


def plain(runs: Iterable[Run]) -> str:
    """Return the words of *runs* without any formatting."""
    return "".join("\n" if run.kind == "break" else run.text for run in runs)
