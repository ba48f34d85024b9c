"""Where a value of a TOML text stands: from a path to its line.

tomllib checks and reads the text, but forgets the lines. This scanner walks a text that tomllib
has accepted and notes where every table, key and array element begins; it checks nothing.
"""

import re
import tomllib
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")|\'\'\'.*?\'{3,5}(?!\')|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


def path_text(path: KeyPath) -> str:
    """A path as people write it.

    >>> path_text(("stations", 2, "latitude_deg"))
    'stations[2].latitude_deg'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def path_of(text: str) -> KeyPath:
    """The path that `path_text` wrote.

    >>> path_of("stations[2].latitude_deg")
    ('stations', 2, 'latitude_deg')
    """
    return tuple(
        int(index) if index else key for index, key in re.findall(r"\[(\d+)\]|([^.\[\]]+)", text)
    )


@dataclass(frozen=True, slots=True)
class LineIndex:
    """The first line of everything in one TOML text, counted from 1."""

    lines: dict[KeyPath, int]

    def line_of(self, path: KeyPath) -> int | None:
        """Line of a path, or of its nearest parent that is in the text; None for the document."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(path[:length])
            if line is not None:
                return line
        return None


def locate(text: str) -> LineIndex:
    """Index a TOML text that tomllib accepts."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.scan_document()
    return LineIndex(scanner.lines)


def _key_of(word: str) -> str:
    """The name that a bare or quoted key stands for."""
    if word[0] not in "\"'":
        return word
    key: str = tomllib.loads(f"key = {word}")["key"]
    return key


@dataclass(slots=True)
class _Scanner:
    """One walk over the text, from its start to its end."""

    text: str
    position: int = 0
    lines: dict[KeyPath, int] = field(default_factory=dict)
    counts: dict[KeyPath, int] = field(default_factory=dict)

    def scan_document(self) -> None:
        table: KeyPath = ()
        while self._skip(_GAP):
            if self.text[self.position] == "[":
                table = self._scan_header()
            else:
                self._scan_pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Move behind what the pattern takes; False at the end of the text."""
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()
        return self.position < len(self.text)

    def _note(self, path: KeyPath, start: int) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, start) + 1)

    def _scan_header(self) -> KeyPath:
        """`[a.b]` or `[[a.b]]`; returns the path of the table that it opens."""
        start = self.position
        is_array = self.text.startswith("[[", start)
        self.position += 2 if is_array else 1
        keys = self._scan_keys()
        self.position += 2 if is_array else 1
        path: KeyPath = ()
        for key in keys[:-1]:
            path = self._latest((*path, key))
            self._note(path, start)
        path = (*path, keys[-1])
        self._note(path, start)
        if is_array:
            self.counts[path] = self.counts.get(path, -1) + 1
            path = self._latest(path)
            self._note(path, start)
        return path

    def _latest(self, path: KeyPath) -> KeyPath:
        """The last element of an array of tables; any other path unchanged."""
        return (*path, self.counts[path]) if path in self.counts else path

    def _scan_keys(self) -> list[str]:
        """A dotted key, quoted or bare."""
        keys = []
        while True:
            self._skip(_BLANK)
            match = _STRING.match(self.text, self.position) or _BARE.match(self.text, self.position)
            if match is None:
                raise ValueError(f"no key at character {self.position}")
            self.position = match.end()
            keys.append(_key_of(match.group()))
            self._skip(_BLANK)
            if not self.text.startswith(".", self.position):
                return keys
            self.position += 1

    def _scan_pair(self, table: KeyPath) -> None:
        """`key = value`, noted for the key and for every table on the way."""
        start = self.position
        path = table
        for key in self._scan_keys():
            path = (*path, key)
            self._note(path, start)
        self.position += 1
        self._scan_value(path)

    def _scan_value(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        opening = self.text[self.position]
        if opening == "[":
            self._scan_array(path)
        elif opening == "{":
            self._scan_inline_table(path)
        elif not self._take_string():
            self._skip(_SCALAR)

    def _take_string(self) -> bool:
        match = _STRING.match(self.text, self.position)
        if match:
            self.position = match.end()
        return match is not None

    def _scan_array(self, path: KeyPath) -> None:
        self.position += 1
        index = 0
        while True:
            self._skip(_GAP)
            if self.text[self.position] == "]":
                self.position += 1
                return
            self._note((*path, index), self.position)
            self._scan_value((*path, index))
            self._skip(_GAP)
            if self.text[self.position] == ",":
                self.position += 1
            index += 1

    def _scan_inline_table(self, path: KeyPath) -> None:
        self.position += 1
        while True:
            self._skip(_GAP)
            if self.text[self.position] == "}":
                self.position += 1
                return
            self._scan_pair(path)
            self._skip(_GAP)
            if self.text[self.position] == ",":
                self.position += 1
