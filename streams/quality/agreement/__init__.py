"""How far annotators agree: sums that are added and taken back exactly, the statistics over them, what follows.

Who is right is not asked here: that is for `streams.quality.aggregation` and the reliability of annotators.
"""
