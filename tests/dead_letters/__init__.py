"""Tests of the dead-letter commands that need no broker; those that do are in tests/kafka."""
