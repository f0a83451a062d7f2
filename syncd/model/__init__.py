"""
The nouns: canonical kinds and fields, native values and records, policies, lenses.

Values only; nothing here decides, waits or talks to anything.
"""
