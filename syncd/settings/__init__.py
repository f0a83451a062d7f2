"""
Configuration files: read with their lines, checked as a whole, handed over as one frozen snapshot.

`load` is the way in; nothing here talks to a network or reads the environment by itself.
"""
