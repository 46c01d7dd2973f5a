"""The only place that chooses: one table, one cost unit, one explanation."""
