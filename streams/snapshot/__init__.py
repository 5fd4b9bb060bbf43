"""`goldstream snapshot`: the labels as they stood at a time, in a file with a manifest, and what differs between two.

What a label says is decided elsewhere, in `streams.quality`; how topics are read is in `streams.reading`.
"""
