"""Tests of the simulated campaign."""
