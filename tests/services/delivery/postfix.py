"""Debian's Postfix on loopback, with folders and ports of its own: STARTTLS, Cyrus SASL, mailboxes as Maildir."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.processes import wait_for
from worker.embedded.ports import Port

NEEDED = ("postfix", "sasl-plain", "saslpasswd2", "root")
SUPPORT, ARABIC, IDN, NOBODY = "support@example.com", "دعم@example.com", "hilfe@bücher.example", "nobody@example.com"
MAILBOXES = {
    SUPPORT: "support", "emergency@example.com": "emergency", ARABIC: "arabic",
    "hilfe@xn--bcher-kva.example": "idn",
}  # fmt: skip
USER, PASSWORD, REALM = "sender", "sésame ouvre-toi", "example.com"
SIZE = 200_000
STOP_SECONDS = 10
COMMAND = ("/usr/sbin/postfix", "-c")

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
myhostname = mail.example.com
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {folder}/server.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = {realm}
smtpd_client_restrictions = permit_sasl_authenticated, reject
message_size_limit = {size}
virtual_mailbox_limit = 0
virtual_mailbox_domains = example.com, xn--bcher-kva.example
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
"""
# The second server does not tell its SIZE, so that its own answer to a large message is heard.
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{silent_port} inet n - n - - smtpd -o smtpd_discard_ehlo_keywords=size,chunking
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""
# Debian's Postfix looks for it in the folder `sasl` of its configuration.
SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasldb
mech_list: PLAIN LOGIN CRAM-MD5
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running server; `silent_port` is that of the one that does not tell its SIZE."""

    folder: Path
    port: int
    silent_port: int

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def mails(self, mailbox: str, count: int = 1) -> list[bytes]:
        """The messages that were delivered there, the oldest first; waits until there are so many."""
        new = self.folder / "mail" / mailbox / "new"
        wait_for(lambda: new.is_dir() and len(list(new.iterdir())) >= count, f"{count} mails for {mailbox}")
        return [path.read_bytes() for path in sorted(new.iterdir(), key=lambda path: path.stat().st_mtime_ns)]

    def reload(self) -> None:
        """Let all of its processes end and new ones begin, connections that are in use with them."""
        subprocess.run([*COMMAND, str(self.folder / "etc"), "reload"], check=True, capture_output=True)

    def empty(self) -> None:
        """Throw away what was delivered."""
        for mailbox in (self.folder / "mail").iterdir():
            shutil.rmtree(mailbox)


@contextmanager
def postfix(folder: Path, certificate: Path) -> Iterator[Postfix]:
    """A server with MAILBOXES; it ends with the block."""
    ports = Port(None, "Postfix"), Port(None, "Postfix")
    server = Postfix(folder, ports[0].number, ports[1].number)
    configure(server, certificate)
    command = [*COMMAND, str(folder / "etc"), "start-fg"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as master:
        try:
            wait_for(
                lambda: master.poll() is not None or all(map(listens, (server.port, server.silent_port))), "Postfix"
            )
            assert master.poll() is None, server.log
            yield server
        finally:
            subprocess.run([*COMMAND, str(folder / "etc"), "stop"], check=False, capture_output=True)
            with suppress(subprocess.TimeoutExpired):
                master.wait(STOP_SECONDS)
            master.kill()


def configure(server: Postfix, certificate: Path) -> None:
    folder, account = server.folder, pwd.getpwnam("postfix")
    for name in ("etc", "queue", "data", "etc/sasl", "mail"):
        (folder / name).mkdir(mode=0o755)
    for name in ("data", "mail"):
        os.chown(folder / name, account.pw_uid, account.pw_gid)
    shutil.copy(certificate, folder / "server.pem")
    known = {"folder": folder, "realm": REALM, "size": SIZE, "uid": account.pw_uid, "gid": account.pw_gid,
             "port": server.port, "silent_port": server.silent_port}  # fmt: skip
    for path, content in (("etc/main.cf", MAIN), ("etc/master.cf", MASTER), ("etc/sasl/smtpd.conf", SASL)):
        (folder / path).write_text(content.format_map(known).lstrip(), encoding="utf-8")
    lines = (f"{address} {mailbox}/\n" for address, mailbox in MAILBOXES.items())
    (folder / "mailboxes").write_text("".join(lines), encoding="utf-8")
    make_user(folder / "sasldb", account)


def make_user(database: Path, account: pwd.struct_passwd) -> None:
    command = ["/usr/sbin/saslpasswd2", "-c", "-p", "-f", str(database), "-u", REALM, USER]
    subprocess.run(command, input=PASSWORD.encode(), check=True)
    os.chown(database, account.pw_uid, account.pw_gid)


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
