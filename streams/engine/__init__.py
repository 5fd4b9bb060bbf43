"""The engine: Faust with a batch path, where a transaction carries outputs, state and source positions together.

A fetched batch is one event; a processor owns one partition of one side. Nothing here knows about annotation.
"""
