"""Where the rooms meet: pull, decide, push, and the cycle that runs them."""
