"""Mails to look at: example data, files and pictures."""
