"""A certificate for loopback, signed by a certificate authority made for it alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509

from worker.embedded.paths import write_atomically
from worker.embedded.ports import HOST

_LIFE = timedelta(days=365)
# Clocks of machines that share the folder may differ.
_TOLERANCE = timedelta(days=1)


def make_certificates(authority: Path, certificate: Path) -> None:
    """Write the authority's certificate, and the server's with its key; new ones each time.

    The authority's key is forgotten, so nothing else can ever be signed with it.
    """
    ca = trustme.CA(organization_name="Escalation local mail authority")
    now = datetime.now(UTC)
    server = ca.issue_cert("localhost", HOST, not_before=now - _TOLERANCE, not_after=now + _LIFE)
    write_atomically(authority, ca.cert_pem.bytes(), mode=0o644)
    write_atomically(certificate, server.private_key_and_cert_chain_pem.bytes())


def is_fresh(certificate: Path) -> bool:
    """Is there a certificate that is good for a while?"""
    if not certificate.exists():
        return False
    end = x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc
    return end - datetime.now(UTC) > _LIFE / 2
