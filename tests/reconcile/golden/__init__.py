"""The thirty stories of merge-semantics.md section 9, one test each."""
