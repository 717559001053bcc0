"""Room 4, writes only: one patch, then its record. It never judges."""
