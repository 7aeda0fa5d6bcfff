"""What every figure means: stamps in, measures and statistics out, as pure functions of values (docs/timing.md).

`load.py` alone reads rows. Nothing here writes, and nothing here asks what time it is.
"""
