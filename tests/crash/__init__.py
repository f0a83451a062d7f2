"""
The real process, killed with SIGKILL at every point of the write protocol, against stand-ins in another process.

`make crash KILLS=N` kills at all of them, and N times at random moments.
"""
