"""Stateful local stand-ins of the tools' APIs, with their real quirks, for playing and for tests."""
