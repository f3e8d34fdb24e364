"""Personal data and listed terms in texts: found, verified, masked. Pure functions of texts; no files, no tables."""
