"""What is known of an annotator's work, one statistic a module: formulas over counts, with no state of their own.

What follows from them is in `streams.quality.standing`, how outcomes are counted in `streams.quality.records_of_work`.
"""
