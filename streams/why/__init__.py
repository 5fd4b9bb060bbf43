"""`goldstream why`: what led to a task's label, or to what is known of an annotator, told from the topics.

Nothing is decided here: that is in `streams.quality`. How topics are read is in `streams.reading`.
"""
