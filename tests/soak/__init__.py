"""
Half an hour in the life of the real `syncd run`, with people who edit four tools while these fail: `make soak`.

`__main__.py` is the soak; `office.py` the tools and the people, in a process
of their own; `people.py` what these say and whether it arrived; `upheavals.py`
what goes wrong; `daemon.py` the process under test; `figures.py` what is made of it all.
"""
