from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings

from syncd.model.lens import CANNOT
from syncd.model.native import MISSING, RichText, TextFormat
from syncd.richtext import Names, from_markdown, loose_equal, normalise, report_losses, to_markdown
from tests.richtext.generators import markdown_texts
from tests.richtext.textile_texts import textile_texts

TEXTILE = TextFormat.TEXTILE

some = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def source(text: str) -> RichText:
    return RichText(TEXTILE, text)


def read(text: str) -> str:
    found = to_markdown(source(text))
    assert isinstance(found, str)
    return found


def written(markdown: str, now: str = "", names: Names | None = None) -> str:
    put = from_markdown(markdown, TEXTILE, source(now) if now else None, names)
    assert isinstance(put, RichText)
    assert to_markdown(put, names) == normalise(markdown)
    return put.source


@some
@given(textile_texts())
def test_a_source_reads_as_text_in_normal_form_and_is_its_own_writing(text: str) -> None:
    markdown = read(text)

    assert normalise(markdown) == markdown
    native = source(text)
    assert from_markdown(markdown, TEXTILE, native) is native


@some
@given(textile_texts())
def test_written_from_nothing_a_source_says_the_same(text: str) -> None:
    put = from_markdown(read(text), TEXTILE, None)

    assert isinstance(put, RichText)
    assert read(put.source) == read(text)
    assert loose_equal(put, source(text))


@some
@given(textile_texts(), markdown_texts())
def test_what_was_put_is_what_is_read_and_putting_it_again_changes_nothing(old: str, new: str) -> None:
    wanted = normalise(new)

    put = from_markdown(wanted, TEXTILE, source(old))

    assert isinstance(put, RichText)
    assert to_markdown(put) == wanted
    assert from_markdown(wanted, TEXTILE, put) is put


@pytest.mark.slow
@settings(some, max_examples=3000)
@given(textile_texts(), markdown_texts())
def test_what_was_put_is_what_is_read_over_a_long_run(old: str, new: str) -> None:
    wanted = normalise(new)
    put = from_markdown(wanted, TEXTILE, source(old))
    assert isinstance(put, RichText)
    assert to_markdown(put) == wanted


@pytest.mark.parametrize(
    ("textile", "markdown"),
    [
        ("h2. Two *words*", "## Two **words**"),
        ("h2(cls). Styled", "## Styled"),
        ("*strong* _em_ -del- +ins+ @code@ ^up^ ~down~ ??cite??", None),
        ("a_b_c 2*3*4 -5 to - 6 x--y", "a_b_c 2*3*4 -5 to - 6 x--y".replace("*", "\\*")),
        ("* a\n** b\n** c\n# d", "- a\n  - b\n  - c\n\n1. d"),
        ("* [ ] open\n* [x] done", "- [ ] open\n- [x] done"),
        ("text\n* item\nmore", "text\n\n- item\n  more"),
        ('<pre><code class="ruby">\na *b*\n</code></pre>', "```ruby\na *b*\n```"),
        ("before <pre>\nx\n</pre> after", "before\n\n```\nx\n```\n\nafter"),
        ("bq. said", "> said"),
        ("> a\n>> b", "> a\n>\n> > b"),
        ("> [!WARNING]\n> hot", "> [!WARNING]\n> hot"),
        ("|_. A |_=. B |\n| 1 |=. 2 |", "| A | B |\n| --- | :---: |\n| 1 | 2 |"),
        ("| a\nb | [[P|q]] |", "|  |  |\n| --- | --- |\n| a<br>b | \\[\\[P\\|q\\]\\] |"),
        ('see "it (now)":http://x.example/a_(b)?c=d.', 'see [it](<http://x.example/a_(b)?c=d> "now").'),
        ('("in brackets":http://x.example/a)', "([in brackets](http://x.example/a))"),
        ("!http://x.example/p.png(alt)!", "![alt](http://x.example/p.png)"),
        ("!p.png!:http://x.example/", "[![](p.png)](http://x.example/)"),
        ("&copy; &#42; AT&T &amp;lt;", "\u00a9 \\* AT&T \\&lt;"),
        ("one[1]\n\nfn1. the note", "one[^1]\n\n\\[^1\\]: the note"),
        ("{{collapse(More)\nin *here*\n}}", "<details><summary>More</summary>\n\nin **here**\n\n</details>"),
        ("---", "---"),
        ("==*plain*== <notextile>_x_</notextile>", "\\*plain\\* \\_x\\_"),
        ("<b>no tag</b>", "\\<b>no tag\\</b>"),
        ("mail ada@x.example, bob@x.example", "mail ada@x.example, bob@x.example"),
    ],
)
def test_textile_reads_as_markdown(textile: str, markdown: str | None) -> None:
    if markdown is None:
        markdown = "**strong** *em* ~~del~~ <ins>ins</ins> `code` <sup>up</sup> <sub>down</sub> *cite*"
    assert read(textile) == markdown
    assert read(textile.replace("\n", "\r\n")) == markdown


@pytest.mark.parametrize(
    ("markdown", "textile"),
    [
        ("# One\n\ntext *em* **b** `c`", "h1. One\n\ntext _em_ *b* @c@"),
        ("- a\n  1. b\n- [x] c", "* a\n*# b\n\n* [x] c"),
        ("```py\nx < 1\n```", '<pre><code class="py">\nx < 1\n</code></pre>'),
        ("```\n</pre> x\n```", "<pre>\n<\u2060/pre> x\n</pre>"),
        ("h1. not a heading", "\u2060h1. not a heading"),
        ("\\*not bold\\* \\_x", "&#42;not bold* _x"),
        ("foo**bar**baz", "foo\u2060\u2060*&#42;bar**\u2060\u2060baz"),
        ("3. third", '<pre><code class="raw-markdown">\n3. third\n</code></pre>'),
        ("HTTP(S) and a@b.example", "HTTP&#40;S) and a@b.example"),
        ("> [!NOTE]\n> x", "> [!NOTE]\n> x"),
        ("| a \\| b |\n| --- |\n| c |", "|_. a &#124; b |\n| c |"),
        ("one[^1]", "one[1]"),
    ],
)
def test_markdown_is_written_as_textile(markdown: str, textile: str) -> None:
    assert written(markdown) == textile


@pytest.mark.parametrize(
    ("pushed", "held"),
    [
        ("ask @ada", "ask &#64;\u2060ada"),
        ("see #12 and #note-3", "see #\u206012 and #\u2060note-3"),
        ("\\[\\[Page\\]\\]", "[\u2060[Page]]"),
        ("{{toc}}", "{\u2060{toc}}"),
        ("in commit:ab12", "in commit\u2060:ab12"),
        ("`@ada #12`", "<code>@ada #12</code>"),
    ],
)
def test_pushed_text_does_not_act(pushed: str, held: str) -> None:
    assert written(pushed) == held


def test_an_edit_of_one_block_leaves_every_other_byte_as_typed() -> None:
    old = (
        "h1.  Title\r\n\r\n\r\np{color:red}. odd\r\n\r\n{{include(Page)}}\r\n\r\n* one\r\n* two\r\nend\r\n\r\nlast\r\n"
    )
    markdown = read(old)

    assert written(markdown.replace("last", "the **last** one"), old) == old.replace("last", "the *last* one")


def test_links_of_the_tools_own_stay_alive_in_a_block_that_changes_but_mentions_do_not() -> None:
    old = "See #12, [[Page|that]], {{toc}} and commit:ab12, @ada."
    markdown = read(old)

    put = written(markdown.replace("See", "Look at") + " Also #13.", old)

    assert put == "Look at #12, [[Page|that]], {{toc}} and commit:ab12, &#64;\u2060ada. Also #\u206013."


def test_an_opaque_macro_stays_where_its_placeholder_goes() -> None:
    old = "{{drawing(x)\na -> b\n}}\n\nfirst\n\nsecond\n"
    macro, first, second = read(old).split("\n\n")
    assert macro.startswith("\u27e6macro drawing \u00b7 ")

    assert from_markdown(f"{second}\n\n{first}\n\n{macro}", TEXTILE, source(old)) == source(
        "second\n\nfirst\n\n{{drawing(x)\na -> b\n}}\n"
    )


def test_what_markdown_cannot_say_is_reported() -> None:
    text = "p(cls). x\n\n[[P]] {{toc}} !a.png! %{color:red}c% ??q??\n\n|\\2. w |\n|_. a | b |\n\n<!-- c -->"

    assert report_losses(source(text)) == (
        "attachment",
        "attributes",
        "cite",
        "comment",
        "header cell",
        "macro",
        "span",
        "wiki link",
    )
    assert report_losses(source('h1. x\n\n*b* "l":http://x.example/')) == ()


def test_a_login_reads_as_a_name_and_is_written_as_the_login_without_pinging() -> None:
    names = Names({"ada": "Ada Example"})

    assert to_markdown(source("ask @ada"), names) == "ask @Ada Example"
    assert written("ask @Ada Example", names=names) == "ask &#64;\u2060ada"


HOSTILE = {
    "stars": "*a **a " * 20_000,
    "code": " @a b" * 20_000,
    "links": '"a":' * 40_000,
    "pictures": " !a(" * 40_000,
    "pre": "<pre>" * 30_000,
    "comments": "<!-- " * 40_000,
    "macros": "{{a(\n" * 30_000,
    "folds": "{{collapse(x)\n" * 2_000 + "\n}}" * 2_000,
    "quotes": ">" * 5_000 + "a",
    "lists": "".join("*" * depth + " a\n" for depth in range(1, 200)),
    "bars": "|" * 100_000,
    "rows": "|a\n" * 30_000,
    "attributes": "h1" + "(a)" * 50_000 + ". x",
    "brackets": "[[" * 100_000,
    "equals": " ==" * 60_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_and_written_or_left_alone_soon(name: str) -> None:
    native = source(HOSTILE[name])
    start = time.process_time()

    found = to_markdown(native)
    if found is MISSING:
        assert from_markdown("b", TEXTILE, native) is CANNOT
    else:
        put = from_markdown(found + "\n\nmore", TEXTILE, native)
        assert put is CANNOT or isinstance(put, RichText)

    assert time.process_time() - start < 10
