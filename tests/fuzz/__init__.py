"""Hostile records by the thousand, through intake and all three sides on tables in memory; no broker."""
