"""Row ids made from what caused them, so that doing it again writes the same row (RFC 9562, version 5)."""

from uuid import UUID, uuid5

NAMESPACE = UUID("5f0c0f4e-9a53-5b43-8d0c-7c6f6f2f2f0a")


def identity(*parts: object) -> UUID:
    """The id of the thing that these parts name."""
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))
