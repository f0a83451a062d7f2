"""Keep PM tools telling one story: read, merge field by field, write back safely."""
