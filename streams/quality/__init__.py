"""The pure core: what an event does to the annotator, task and project tables, and which events follow.

No Kafka, no Faust, no clock, no environment: those live in `streams.engine` and `streams.agents`.
"""
