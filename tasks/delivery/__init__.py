"""Sends mail: claims, composes, sends, records."""
