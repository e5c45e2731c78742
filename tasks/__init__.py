"""Thin Celery tasks: decode, open the transaction, call, end."""
