"""PostgreSQL: engine, transactions, errors, and how rows become parameters."""
