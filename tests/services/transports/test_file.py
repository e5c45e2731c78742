"""Mail as files."""

from pathlib import Path

from rules.delivery import Phase, ReplyKind, classify
from tests.services.transports.conftest import MESSAGE, Make, only, send


def test_a_mail_is_a_file_and_a_repeat_is_the_same_file(make: Make, tmp_path: Path) -> None:
    transport = make(mail_transport="file", mail_file_dir=tmp_path / "mail")
    for _ in range(2):
        answer = only(send(transport))
        assert classify(answer).kind is ReplyKind.ACCEPTED
    [path] = (tmp_path / "mail").iterdir()
    assert path.suffix == ".eml"
    assert path.read_bytes() == MESSAGE
    send(transport, "other@example.com")
    assert len(list((tmp_path / "mail").iterdir())) == 2


def test_a_message_id_cannot_leave_the_folder(make: Make, tmp_path: Path) -> None:
    transport = make(mail_transport="file", mail_file_dir=tmp_path / "mail")
    send(transport, message=b"Message-ID: <../../etc/passwd@x>\r\n\r\nhello\r\n")
    [path] = (tmp_path / "mail").iterdir()
    assert path.parent == tmp_path / "mail"


def test_a_folder_that_cannot_be_written_is_tried_again_later(make: Make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    transport = make(mail_transport="file", mail_file_dir=tmp_path / "file")
    answer = only(send(transport))
    assert (answer.phase, classify(answer).kind) == (Phase.WRITE, ReplyKind.TRANSIENT)
    assert "MAIL_FILE_DIR" in (classify(answer).remedy or "")
    assert transport.probe() is not None
