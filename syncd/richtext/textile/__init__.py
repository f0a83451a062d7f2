"""
Textile as Redmine writes it, both ways.

What means what follows Redmine 5.0's own formatter (lib/redmine/wiki_formatting/textile
in its source, read 2026-11).
"""
