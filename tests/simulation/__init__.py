"""
The whole daemon in one process: virtual time, seeded schedules, people, faults and deaths.

`make simulate SEEDS=N [SEED=...]` lives many lives; the tests here live some.
"""
