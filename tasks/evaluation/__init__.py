"""Evaluates events: drains the stream batch by batch."""
