"""The pure heart: what every field of every entity becomes, and what must be written where."""
