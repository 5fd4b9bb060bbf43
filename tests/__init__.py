"""Everything that must hold, folder by folder as the code; `kafka` holds what needs a real broker."""
