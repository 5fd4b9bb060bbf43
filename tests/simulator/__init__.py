"""Tests of the simulated annotators and campaigns."""
