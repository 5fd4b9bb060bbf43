"""`goldstream ranking`: what a project's comparisons compare, ranked from the newest labels.

Nothing is kept for it: a label that is corrected counts as it is now. The model is in `streams.quality.aggregation`.
"""
