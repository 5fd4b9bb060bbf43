"""Tests of the engine that need no broker; those that do are in tests/kafka."""
