"""A file is the old one or the new one, never half of each."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from groundstation.atomic import write_atomically
from groundstation.errors import StateError


def test_text_is_written_as_utf_8_and_bytes_as_they_are(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.txt", "Lustbühel\n")
    write_atomically(tmp_path / "b.bin", b"\x00\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "Lustbühel\n".encode()
    assert (tmp_path / "b.bin").read_bytes() == b"\x00\r\n"
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_the_old_file_stays_and_nothing_else_when_the_rename_fails(tmp_path: Path) -> None:
    # A folder in the file's place: the only failure after the text was written that needs no
    # broken disk.
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(StateError, match=r"cannot write plan\.json: is a directory") as caught:
        write_atomically(tmp_path / "plan.json", "new")
    assert caught.value.where == str(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no such file or directory") as caught:
        write_atomically(tmp_path / "nights" / "plan.json", "new")
    assert caught.value.where == str(tmp_path / "nights")
    assert "may be written" in (caught.value.hint or "")


def test_a_read_only_folder_is_an_error_that_leaves_nothing(
    read_only_folder: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    with unprivileged(), pytest.raises(StateError, match="permission denied") as caught:
        write_atomically(read_only_folder / "plan.json", "new")
    assert caught.value.where == str(read_only_folder)
    assert list(read_only_folder.iterdir()) == []


def test_a_reader_never_sees_a_part_of_the_text(tmp_path: Path) -> None:
    """The file that a reader has open is not touched; the new text is another file."""
    path = tmp_path / "plan.json"
    write_atomically(path, "old")
    with path.open() as open_file:
        write_atomically(path, "new text")
        assert open_file.read() == "old"
    assert path.read_text() == "new text"
