"""How the votes of a question become one answer: a module per task type.

When to ask for more votes is decided in `streams.quality.deciding`, not here.
"""
