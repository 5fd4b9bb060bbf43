"""A real Apache Kafka broker for tests and development, and the tests that need one.

What can be shown without a broker is tested in the folders beside this one.
"""
