"""PostgreSQL: engine, errors, locks, and how rows become parameters."""
