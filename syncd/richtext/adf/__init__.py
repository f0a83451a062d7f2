"""Atlassian Document Format, both ways."""
