"""Tests of what the benchmarks compute and draw; tests/test_benchmarks.py has those of the rounds and tables."""
