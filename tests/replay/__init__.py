"""Tests of the replay of annotation histories."""
