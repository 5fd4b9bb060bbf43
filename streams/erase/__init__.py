"""`goldstream erase`: asks the sides to erase, waits for them, sees to the rest of the topics, and tells what remains.

What the sides do about it is in `streams.quality.erasures`.
"""
