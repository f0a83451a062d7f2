"""Random HTML, put together from pieces that mean something to it."""

from __future__ import annotations

from hypothesis import strategies as st

FRAGMENTS = [
    *("a", "b ", " ", "\n", "\n\n", "word ", "two words", "&amp;", "&lt;b&gt;", "&#42;", "&nbsp;", "& ", "<", ">"),
    *("<p>", "</p>", "<p class=x>", "<div>", "</div>", "<body>", "</body>", "<h1>", "</h1>", "<h4>t</h4>", "<hr/>"),
    *(
        "<strong>",
        "</strong>",
        "<b>x</b>",
        "<em>",
        "</em>",
        "<u>x</u>",
        "<s>",
        "</s>",
        "<code>c *d*</code>",
        "<sub>x</sub>",
    ),
    *(
        '<a href="https://x.example/a?b=1&amp;c=2">',
        "</a>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="/rel">r</a>',
    ),
    *("<ul>", "</ul>", "<ol start=3>", "</ol>", "<li>", "</li>", "<li><p>x</p></li>", "<li>[x] t</li>", "<blockquote>"),
    *("</blockquote>", "<pre>", "</pre>", '<pre><code class="language-py">\n x\n</code></pre>', "<br>", "<br/>"),
    *(
        "<table>",
        "<tr>",
        "<td>",
        "<th align=center>h</th>",
        '<td colspan="2">w</td>',
        "</table>",
        "<img src='https://x.example/p.png'>",
    ),
    *(
        "<script>alert(1)</script>",
        "<style>",
        "<!-- c -->",
        "<iframe src=x></iframe>",
        "<span style='color:red'>r</span>",
    ),
    *(
        "<details><summary>T</summary>",
        "</details>",
        "<input type=checkbox checked>",
        "[ ] ",
        "@ada",
        "#12",
        "*",
        "_x_",
        "\u2060",
    ),
    *(
        "\u00e9",
        "e\u0301",
        "\U0001f600",
        "\u00a0",
        "\t",
        "\0",
        "https://x.example/a_b",
        "[!NOTE]<br>",
        "**",
        "\\",
        "# ",
        "- ",
    ),
]


def html_texts() -> st.SearchStrategy[str]:
    """Text put together from pieces that mean something to HTML."""
    return st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


def wrapped_texts() -> st.SearchStrategy[str]:
    """Text as such, and inside the element that Asana puts around everything."""
    return st.one_of(html_texts(), html_texts().map(lambda text: f"<body>{text}</body>"))
