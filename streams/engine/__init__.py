"""The engine: Faust with a batch path. A fetched batch is one event, a processor owns one partition of one side,
and a transaction carries outputs, state and source positions together. Nothing here knows about annotation.
"""
