"""Faust agents, one a side, each a sentence: a batch arrives, the side's table takes it.

What a batch means is decided in `streams/quality`; how it is made durable, in `streams/engine`.
"""
