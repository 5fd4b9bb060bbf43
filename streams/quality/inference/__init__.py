"""Truth inference in one pass: a confusion model per annotator, a posterior per question, and what all share.

Pure arithmetic and the state it needs. When a task is asked again is decided in `streams.quality.deciding`, and what
its votes come to in `streams.quality.aggregation`.
"""
