"""What operators do with dead letters: find them, look at one, send them through the normal path again.

How a record becomes one is said in `streams.events`.
"""
