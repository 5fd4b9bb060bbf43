"""What the contracts accept, refuse, and promise to whoever reads them later or earlier."""
