"""`goldstream spaces`: a named label space changed by a mapping, counted first and published then.

What becomes of tasks and votes is decided in `streams.quality.mapping`; nothing here decides anything of it.
"""
