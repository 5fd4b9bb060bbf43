"""goldstream's processing: the pure core, the engine under it, and the Faust app that joins them.

The contracts of the topics live in `schemas`, not here.
"""
