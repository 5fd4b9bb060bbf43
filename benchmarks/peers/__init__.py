"""The reference job, once for each implementation, as its own users would write it.

None imports goldstream but `engine_app`, which is the job on its engine.
"""
