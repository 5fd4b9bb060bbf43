"""The label inference: its arithmetic against plain floats and enumeration, and its laws through all three sides."""
