"""Measurements on a real broker: goldstream beside its alternatives, latency, restores, rebalances and growth.

``python -m benchmarks`` runs them all; what it is compared with is in `peers`.
"""
