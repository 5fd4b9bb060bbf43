"""The same work in other frameworks, each written as its own users would write it. Nothing here imports goldstream."""
