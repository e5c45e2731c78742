"""Certificates that are refused, and what is said of them; the flag that Python 3.13 always sets is set here."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rules.delivery import LocalFault, ReplyKind, classify
from services.transports.smtp import SmtpTransport
from tests.services.transports.conftest import Make, only, send
from tests.smtp_server import SmtpServer


def old_fashioned(folder: Path) -> Path:
    """An authority as many companies have it, without a key identifier, and a server's certificate signed by it."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Company CA", "localhost")]
    now = datetime.now(UTC)
    made = []
    for key, name in zip(keys, names, strict=True):
        builder = x509.CertificateBuilder(
            names[0], name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(9)
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=key is keys[0], path_length=None), True)
        alternatives = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        if key is keys[1]:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        made.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_pem = keys[1].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "ca.pem").write_bytes(made[0])
    (folder / "server.pem").write_bytes(key_pem + made[1])
    return folder


@pytest.fixture
def served(tmp_path: Path) -> Path:
    return old_fashioned(tmp_path)


def test_an_authority_without_key_identifiers_is_named_as_the_fault(make: Make, served: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served / "server.pem")
    with SmtpServer(tls="starttls", context=context) as server:
        transport = make(server, smtp_ca_file=served / "ca.pem")
        assert isinstance(transport, SmtpTransport)
        transport.server.context.verify_flags |= ssl.VERIFY_X509_STRICT
        answer = only(send(transport))
    reply_class = classify(answer)
    assert (answer.finding, reply_class.kind) == (LocalFault.CERTIFICATE_FORM, ReplyKind.CONFIGURATION)
    assert "subjectKeyIdentifier=hash" in (reply_class.remedy or "")
    assert "Key Identifier" in answer.text or "key usage" in answer.text


def test_one_that_nobody_vouches_for_is_still_the_usual_fault(make: Make, served: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(served / "server.pem")
    with SmtpServer(tls="starttls", context=context) as server:
        assert only(send(make(server))).finding is LocalFault.CERTIFICATE
