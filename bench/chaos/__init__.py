"""A seeded storm of faults, and the verdict on what is left of it."""
