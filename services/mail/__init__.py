"""Mails as the outbox's rows and the tickets' stories make them."""

from services.mail.compose import ComposedMail, compose

__all__ = ["ComposedMail", "compose"]
