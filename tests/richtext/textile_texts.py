"""Random Textile, put together from pieces that mean something to it."""

from __future__ import annotations

from hypothesis import strategies as st

FRAGMENTS = [
    *("a", "b ", " ", "\n", "\n\n", "\r\n", "word ", "two words", "*", "**", "_", "__", "-", "+", "^", "~", "%", "??"),
    *("@", "@code@", "@|ruby|x@", '"', '":', 'see "it":http://x.example/a', '"t(title)":/rel ', "mailto:a@b.example "),
    *("!", "!pic.png!", "!>http://x.example/p.png(alt)!:http://x.example ", "*bold* ", "_em_", "-gone-", "(*x*)"),
    *("h1. ", "h2(cls). ", "bq. ", "p>. ", "fn1. ", "[1]", "* ", "** ", "# ", "*# ", "*", "#", "> ", ">> ", "> > "),
    *("|", "|_. h |_=. i |\n|a |>. b |\n", "|\\2. wide |", "table(c). \n", "|a\nb |\n", "---", "***\n", "[ ] ", "[x] "),
    *(
        "<pre>",
        "</pre>",
        '<pre><code class="py">\n',
        "</code></pre>\n",
        "<code>",
        "</code>",
        "<notextile>*</notextile>",
    ),
    *("==*raw*==", "<!-- c -->", "<!--", "<b>", "&amp;", "&", "&#42;", "{{toc}}", "{{collapse(T)\n", "\n}}\n", "{{"),
    *("[[", "[[Page|text]]", "]]", "#12", "##", "@ada", "commit:ab12 ", "r12 ", "%{color:red}x% ", "*(c)x*"),
    *(
        "\u2060",
        "\u2060\u2060",
        "\u2060\u2060**x**\u2060\u2060",
        "\u00e9",
        "e\u0301",
        "\U0001f600",
        "\u00a0",
        "\t",
        "\0",
    ),
    *("https://x.example/a_b*c", "http://", "(", ")", "{", "}", "[", ".", ",", ":", "> [!NOTE]\n", "1. ", "\x02", "\\"),
]


def textile_texts() -> st.SearchStrategy[str]:
    """Text put together from pieces that mean something to Textile."""
    return st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)
