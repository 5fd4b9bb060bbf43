"""Measurements on a real broker: goldstream beside an idiomatic Faust app, restores, and the size of state.

``python -m benchmarks`` runs them all; the apps that are compared with are in `peers`.
"""
