"""The shipped examples: where they are, and a copy of one to work in."""

from dataclasses import dataclass
from pathlib import Path

from groundstation.atomic import write_atomically
from groundstation.config.load import FILE_NAME
from groundstation.errors import StateError, UsageError
from groundstation.suggest import did_you_mean

EXAMPLES = ("europe-2026", "micius-2016")

_FOLDER = Path(__file__).parent.parent / "data" / "examples"


@dataclass(frozen=True, slots=True)
class CopiedExample:
    """What a copy wrote, and what was there already; paths relative to the folder."""

    folder: Path
    written: tuple[str, ...]
    unchanged: tuple[str, ...]


def example_path(name: str) -> Path:
    """The network file of a shipped example.

    Raises
    ------
    UsageError
        There is no example of that name.
    """
    if name not in EXAMPLES:
        raise UsageError(
            f"there is no example {name!r}{did_you_mean(name, EXAMPLES)}",
            hint=f"one of {', '.join(EXAMPLES)}",
        )
    return _FOLDER / name / FILE_NAME


def copy_example(name: str, folder: Path) -> CopiedExample:
    """Copy an example into a folder, all of it or nothing.

    A file that is there already stays; if it is not the example's, nothing is written. The
    network file comes last: where it stands, the copy is complete.

    Raises
    ------
    UsageError
        There is no example of that name.
    StateError
        The folder cannot be written, or holds other files of these names.
    """
    contents = _contents_of(example_path(name))
    missing = [file for file in contents if not _is_same(folder / file, contents[file], name)]
    made: list[Path] = []
    try:
        for file in missing:
            _make_folders((folder / file).parent, made)
            write_atomically(folder / file, contents[file])
            made.append(folder / file)
    except BaseException:
        _take_back(made)
        raise
    return CopiedExample(folder, tuple(missing), tuple(f for f in contents if f not in missing))


def _contents_of(network_file: Path) -> dict[str, bytes]:
    """Bytes of every file of an example, the network file last."""
    files = sorted(
        (path for path in network_file.parent.rglob("*") if path.is_file()),
        key=lambda path: (path == network_file, path),
    )
    return {path.relative_to(network_file.parent).as_posix(): path.read_bytes() for path in files}


def _is_same(path: Path, content: bytes, name: str) -> bool:
    """True if the file is there with this content, False if it is not there."""
    try:
        present = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StateError(
            f"cannot read {path.name}: {(error.strerror or str(error)).lower()}",
            where=str(path.parent),
            hint="choose a folder of your own",
        ) from error
    if present != content:
        raise StateError(
            f"{path.name} exists and is not the file of example {name}",
            where=str(path.parent),
            hint="choose another folder, or move the file away first",
        )
    return True


def _make_folders(folder: Path, made: list[Path]) -> None:
    """Make a folder with its parents, and note those that were not there."""
    absent = []
    while not folder.exists():
        absent.append(folder)
        folder = folder.parent
    for path in reversed(absent):
        try:
            path.mkdir()
        except OSError as error:
            raise StateError(
                f"cannot make folder {path.name}: {(error.strerror or str(error)).lower()}",
                where=str(path.parent),
                hint="choose a folder that may be written to",
            ) from error
        made.append(path)


def _take_back(made: list[Path]) -> None:
    """Remove what a failed copy has made, newest first."""
    for path in reversed(made):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
