"""Three workers and a broker under load, a seeded schedule of faults, and an exact reconciliation at the end.

``python -m tests.chaos --kills 30 --seed 7``. What it reconciles with lives in `tests.kafka`.
"""
