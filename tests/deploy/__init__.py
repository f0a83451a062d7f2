"""The container, the unit and the compose file."""
