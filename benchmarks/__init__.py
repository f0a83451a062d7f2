"""How far syncd runs from the physical limit, and from others: `make bench` (README.md)."""
