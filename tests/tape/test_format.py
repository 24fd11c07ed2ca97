"""The format of a tape."""

import json
from pathlib import Path

from support.tape_lines import CALL, FAILED, LINES

from mimo_magics.tape import format as tape_format, reader


def test_a_call_is_a_block_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "lesson.jsonl"
    path.write_bytes(tape_format.encode_tape([CALL]))
    assert path.read_text(encoding="utf-8").split("\n") == [*LINES, ""]


def test_a_call_that_did_not_reach_the_server_has_no_response(tmp_path: Path) -> None:
    path = tmp_path / "lesson.jsonl"
    path.write_bytes(tape_format.encode_tape([FAILED]))
    assert json.loads(path.read_text(encoding="utf-8").split("\n")[2]) == {"at": 1.5, "end": "ConnectError"}
    assert reader.read_tape(path) == [FAILED]
