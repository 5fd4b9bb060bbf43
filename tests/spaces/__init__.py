"""Tests of `goldstream spaces`; those on a real broker are in tests/kafka/test_spaces.py."""
