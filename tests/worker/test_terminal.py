"""What commands print can be searched and copied, wherever it goes."""

from io import StringIO

import pytest

from worker.commands.terminal import Output, uncut_table

NUMBER, REASON = "AB-20261126-0001", "a reason of many words that no terminal has the room to show in one line" * 3


def printed(console: Output, *objects: object) -> str:
    for one in objects:
        console.print(one)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_where_there_is_no_terminal_nothing_is_wrapped_whatever_width_was_inherited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    table = uncut_table("number", "reason", "next", whole=("number",))
    table.add_row(NUMBER, REASON, REASON)
    lines = printed(Output(file=StringIO()), REASON, table).splitlines()
    assert lines[0] == REASON
    assert [line.count(REASON) for line in lines if NUMBER in line] == [2]


@pytest.mark.parametrize("columns", [80, 40, 24])
def test_a_narrow_terminal_cuts_neither_number_nor_reason(columns: int) -> None:
    table = uncut_table("number", "reason", whole=("number",))
    table.add_row(NUMBER, REASON)
    narrow = Output(file=StringIO(), force_terminal=True, color_system=None, width=columns)
    lines = printed(narrow, table).splitlines()
    assert NUMBER in "\n".join(lines)
    cells = [line.split("│")[2].strip() for line in lines if "│" in line]
    assert "".join(cells).replace(" ", "") == REASON.replace(" ", "")
    assert {len(line) for line in lines} == {columns}
