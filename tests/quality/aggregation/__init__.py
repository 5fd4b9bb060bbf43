"""Aggregation: laws that hold for every task type, then each type beside its oracles and on public sets."""
