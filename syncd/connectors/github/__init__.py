"""The GitHub Projects connector."""
