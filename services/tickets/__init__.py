"""Tickets: opening, changing, asking, and what people do with them."""
