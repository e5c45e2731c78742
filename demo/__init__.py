"""Recorded sessions of an imagined fish farm's summer, and what plays and checks them."""
