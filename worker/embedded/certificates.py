"""A certificate for loopback, signed by a certificate authority made for it alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from worker.embedded.paths import write_atomically
from worker.embedded.ports import HOST

_LIFE = timedelta(days=365)
# Clocks of machines that share the folder may differ.
_TOLERANCE = timedelta(days=1)


def make_certificates(authority: Path, certificate: Path) -> None:
    """Write the authority's certificate, and the server's with its key; new ones each time.

    The authority's key is forgotten, so nothing else can ever be signed with it.
    """
    signing_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _authority_certificate(signing_key)
    server = _server_certificate(server_key, signing_key, ca)
    write_atomically(authority, pem(ca), mode=0o644)
    key = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_atomically(certificate, key + pem(server))


def is_fresh(certificate: Path) -> bool:
    """Is there a certificate that is good for a while?"""
    if not certificate.exists():
        return False
    end = x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc
    return end - datetime.now(UTC) > _LIFE / 2


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _authority_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = named("Escalation local mail authority")
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_key_usage(sign_certificates=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
    )
    return signed(name, name, key, key, extensions)


def _server_certificate(
    key: ec.EllipticCurvePrivateKey, signing_key: ec.EllipticCurvePrivateKey, authority: x509.Certificate
) -> x509.Certificate:
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))]
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_key_usage(sign_certificates=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(hosts), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), False),
    )
    return signed(named("localhost"), authority.subject, key, signing_key, extensions)


def signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signing_key: ec.EllipticCurvePrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(), now - _TOLERANCE, now + _LIFE
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signing_key, hashes.SHA256())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
