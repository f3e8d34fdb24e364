"""Mends what the gate refuses: splits that cannot leak, rows dropped as a check found them, and a test of the gate."""
