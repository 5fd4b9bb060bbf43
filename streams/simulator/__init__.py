"""Simulated annotators and their answers: who they are, what they confuse, how long they take. Nothing here decides."""
