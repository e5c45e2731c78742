import smtplib
import ssl
from contextlib import closing
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx
import psycopg2
import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError
from redis.retry import Retry

from worker.embedded import EmbeddedPostgres, EmbeddedValkey, LocalMailServer, StackError
from worker.embedded.binaries import POSTGRES_FOLDERS
from worker.embedded.mail.store import ENVELOPE, MailStore
from worker.embedded.paths import last_lines, temporary_folder


def query(url: str, statement: str) -> str:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return str(row[0]) if row else ""


@pytest.mark.parametrize("major", POSTGRES_FOLDERS)
def test_postgres_keeps_committed_rows_when_it_is_killed(major: int, server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder / f"killed{major}", major=major) as server:
        query(server.url, "CREATE TABLE kept AS SELECT 'Ελλάδα' AS place")
        first = server.pid
        server.kill()
        server.start()
        assert server.pid != first
        assert query(server.url, "SELECT upper(place) FROM kept") == "ΕΛΛΆΔΑ"
        assert query(server.url, "SHOW server_version").startswith(str(major))
        assert query(server.url, "SHOW fsync") == "on"


def test_postgres_listens_on_no_port_and_its_socket_is_closed_to_others(postgres: EmbeddedPostgres) -> None:
    assert query(postgres.url, "SHOW listen_addresses") == ""
    assert postgres.socket_folder.stat().st_mode & 0o077 == 0


def test_postgres_works_in_a_folder_whose_path_is_too_long_for_a_socket() -> None:
    with temporary_folder() as folder, EmbeddedPostgres(folder / ("long" * 30)) as server:
        assert query(server.url, "SELECT 1") == "1"


def test_data_of_another_version_is_named_with_the_way_out(server_folder: Path) -> None:
    folder = server_folder / "older"
    EmbeddedPostgres(folder, major=16).prepare()
    with pytest.raises(StackError, match="was made by PostgreSQL 16, wanted is 18: set ESCALATION_POSTGRES_MAJOR=16"):
        EmbeddedPostgres(folder, major=18).start()


def test_valkey_keeps_what_it_confirmed_when_it_is_killed(server_folder: Path) -> None:
    with EmbeddedValkey(server_folder / "killed") as server:
        with Redis.from_url(server.url) as redis:
            redis.set("kept", "yes")
        server.kill()
        server.start()
        with Redis.from_url(server.url, decode_responses=True) as redis:
            assert redis.get("kept") == "yes"
            assert redis.config_get("appendfsync", "maxmemory-policy") == {
                "appendfsync": "always",
                "maxmemory-policy": "noeviction",
            }


def test_valkey_refuses_whoever_has_no_password(valkey: EmbeddedValkey) -> None:
    with Redis(port=valkey.port, retry=Retry(NoBackoff(), 0)) as redis, pytest.raises(AuthenticationError):
        redis.ping()


def test_a_port_in_use_is_named(valkey: EmbeddedValkey, server_folder: Path) -> None:
    with pytest.raises(StackError, match=rf"valkey: port {valkey.port} on 127\.0\.0\.1 is in use"):
        EmbeddedValkey(server_folder / "second", port=valkey.port)


def test_a_server_that_is_no_program_is_named(server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESCALATION_REDIS_SERVER", "/nowhere/redis-server")
    with pytest.raises(StackError, match="ESCALATION_REDIS_SERVER is '/nowhere/redis-server': no such program"):
        EmbeddedValkey(server_folder / "missing").start()


def test_a_part_that_ends_while_starting_shows_the_end_of_its_log(server_folder: Path) -> None:
    server = EmbeddedValkey(server_folder / "broken")
    server.password = '"'
    with pytest.raises(StackError, match=r"(?s)valkey ended with code 1 while starting.*FATAL CONFIG FILE ERROR"):
        server.start()
    assert "FATAL" in last_lines(server.log)


def mail() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Ψ <b>bold</b>"
    message["From"] = "worker@example.com"
    message["To"] = "support@example.com"
    message.set_content("The plain part.\n.\nAfter a lone dot.\n")
    message.add_alternative("<p>The <i>HTML</i> part</p><script>alert(1)</script>", subtype="html")
    return message


def connected(server: LocalMailServer) -> smtplib.SMTP:
    client = smtplib.SMTP(server.host, server.port, timeout=10)
    context = ssl.create_default_context(cafile=server.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    client.starttls(context=context)
    return client


def test_the_mail_server_wants_tls_and_the_login(mail_server: LocalMailServer) -> None:
    with (
        smtplib.SMTP(mail_server.host, mail_server.port) as client,
        pytest.raises(smtplib.SMTPResponseException, match="Must issue a STARTTLS"),
    ):
        client.sendmail("worker@example.com", "support@example.com", b"Subject: no\r\n\r\n")
    with connected(mail_server) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(mail_server.username, "wrong")
        with pytest.raises(smtplib.SMTPResponseException, match="Authentication required"):
            client.sendmail("worker@example.com", "support@example.com", b"Subject: no\r\n\r\n")


def test_a_mail_is_kept_as_it_was_sent_and_shown(mail_server: LocalMailServer) -> None:
    with connected(mail_server) as client:
        client.login(mail_server.username, mail_server.password)
        client.sendmail(
            "worker@example.com", ["support@example.com", "hidden@example.com"], mail().as_bytes(policy=SMTP)
        )
    store = MailStore(mail_server.mail_dir)
    newest = store.numbers()[0]
    kept = store.message(newest)
    assert kept.get_all(ENVELOPE) == ["support@example.com", "hidden@example.com"]
    assert kept["Subject"] == "Ψ <b>bold</b>"
    text = kept.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == ["The plain part.", ".", "After a lone dot."]

    with httpx.Client(base_url=mail_server.inbox_url) as browser:
        listed = browser.get("/").raise_for_status()
        assert "Ψ &lt;b&gt;bold&lt;/b&gt;" in listed.text
        shown = browser.get(f"/mails/{newest}").raise_for_status()
        assert "After a lone dot." in shown.text
        assert "hidden@example.com" in shown.text
        html = browser.get(f"/mails/{newest}/html").raise_for_status()
        assert "<i>HTML</i>" in html.text
        assert html.headers["Content-Security-Policy"].endswith("sandbox allow-popups allow-popups-to-escape-sandbox")
        assert browser.get(f"/mails/{newest}/raw").content == store.raw(newest)
        assert browser.get("/mails/99999999").status_code == 404
        assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_clients_trust_the_mail_server_after_a_restart_and_numbers_go_on(server_folder: Path) -> None:
    with LocalMailServer(server_folder / "restarted") as server:
        authority = server.ca_file.read_bytes()
        with connected(server) as client:
            client.login(server.username, server.password)
            client.send_message(mail())
        server.kill()
        server.start()
        assert server.ca_file.read_bytes() == authority
        with connected(server) as client:
            client.login(server.username, server.password)
            client.send_message(mail())
        assert [path.name for path in sorted(server.mail_dir.iterdir())] == ["00000001.eml", "00000002.eml"]


def test_secrets_are_readable_by_the_owner_alone(valkey: EmbeddedValkey, mail_server: LocalMailServer) -> None:
    for secret in (valkey.settings_file, mail_server.folder / "server.pem"):
        assert secret.stat().st_mode & 0o077 == 0
