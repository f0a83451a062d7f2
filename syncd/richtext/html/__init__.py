"""
HTML, both ways, in the few tags that roadmap tools keep.

Two dialects, told apart by their wrapper. Text in `<body>` is Asana's: line
breaks are breaks, there are no `<p>`, and of headings only two levels
(https://developers.asana.com/docs/rich-text, read 2026-11). Everything else is
the common kind, as Aha! and Productboard use it.
"""
