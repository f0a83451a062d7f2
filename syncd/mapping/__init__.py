"""
Mapping files as lenses: native fields on one side, canonical fields on the other.

Pure: what a file says comes in as plain data with a way to find its lines, and
no tool is known by name. Start reading at `schema` (what a file may say), then
`compile` (what it means), `compiled` (what the engine asks) and `lenses`.
"""
