"""A fault of the network file is named with its line and column."""

import tomllib
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from groundstation.config.locator import KeyPath, locate, path_of, path_text

SCALARS = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "2026-06-14T20:00:00Z",
        '"a # b ] } = ["',
        "'x = [{'",
        '"quote \\" inside"',
        '"""two\nlines"""',
        '"""ends with quotes\\""""',
        "'''literal\n\"\"\" inside'''",
    ]
)
KEYS = st.sampled_from(["a", "b_1", "c-d", '"quoted key"', "'dotted.key'", "7"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(st.tuples(KEYS, inner), max_size=3, unique_by=lambda pair: pair[0]),
    ),
    max_leaves=6,
)
TABLES = st.lists(
    st.tuples(
        st.booleans(),
        st.lists(st.tuples(KEYS, VALUES), max_size=3, unique_by=lambda pair: pair[0]),
    ),
    max_size=5,
)
GAPS = st.sampled_from(["", " ", "\n", " # note ] }\n", "\n\n  "])


class Writer:
    """Writes TOML and remembers the line on which each path began."""

    def __init__(self, draw: Callable[[st.SearchStrategy[str]], str]) -> None:
        self.draw, self.text = draw, ""
        self.lines: dict[KeyPath, int] = {}

    def note(self, path: KeyPath) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def value(self, value: Any, path: KeyPath) -> None:
        if isinstance(value, str):
            self.text += value
        elif value and isinstance(value[0], tuple):
            self.text += "{ "
            for index, (key, inner) in enumerate(value):
                self.text += ", " if index else ""
                self.pair(key, inner, path)
            self.text += " }"
        else:
            self.text += "["
            for index, inner in enumerate(value):
                self.text += ("," if index else "") + self.draw(GAPS)
                self.note((*path, index))
                self.value(inner, (*path, index))
            self.text += self.draw(GAPS) + "]"

    def pair(self, key: str, value: Any, path: KeyPath) -> None:
        here = (*path, tomllib.loads(f"key = {key}")["key"] if key[0] in "\"'" else key)
        self.note(here)
        self.text += f"{key} = "
        self.value(value, here)


@given(st.data(), st.lists(st.tuples(KEYS, VALUES), max_size=3, unique_by=lambda p: p[0]), TABLES)
def test_every_path_is_found_on_the_line_where_it_was_written(
    data: st.DataObject, head: list[Any], tables: list[Any]
) -> None:
    writer = Writer(data.draw)
    for key, value in head:
        writer.pair(key, value, ())
        writer.text += " # end\n"
    places = -1
    for number, (is_array, pairs) in enumerate(tables):
        writer.text += data.draw(st.sampled_from(["", "\n", "# note [x]\n"]))
        if is_array:
            places += 1
            path: KeyPath = ("list", places)
            writer.note(("list",))
            writer.note(path)
            writer.text += "[[list]]\n"
        else:
            path = ("group", f"t{number}")
            writer.note(("group",))
            writer.note(path)
            writer.text += f"[ group . t{number} ]\n"
        for key, value in pairs:
            writer.pair(key, value, path)
            writer.text += "\n"
    tomllib.loads(writer.text)  # the text must be TOML, or the test says nothing
    found = locate(writer.text)
    assert {path: found.line_of(path) for path in writer.lines} == writer.lines


def test_tables_below_an_array_of_tables_belong_to_its_latest_element() -> None:
    text = (
        "[[s]]\nname = 'a'\n[s.t]\nx = 1\n[[s.r]]\ny = 2\n[[s]]\n[[s.r]]\ny = 3\n[s.r.d]\nz = 4\n"
    )
    index = locate(text)
    assert index.line_of(("s", 0, "t", "x")) == 4
    assert index.line_of(("s", 0, "r", 0, "y")) == 6
    assert index.line_of(("s", 1, "r", 0, "y")) == 9
    assert index.line_of(("s", 1, "r", 0, "d", "z")) == 11


def test_a_key_that_is_not_there_is_placed_at_its_nearest_parent() -> None:
    index = locate("\n[[stations]]\nname = 'graz'\n")
    assert index.line_of(("stations", 0, "latitude_deg")) == 2
    assert index.line_of(("policies",)) is None


def test_lines_are_counted_alike_with_windows_line_ends() -> None:
    assert locate("a = 1\r\n\r\nb = [1,\r\n 2]\r\n").line_of(("b", 1)) == 4


@given(
    st.lists(
        st.one_of(st.integers(0, 99), st.from_regex(r"[a-z_0-9]*[a-z_]", fullmatch=True)),
        min_size=1,
        max_size=6,
    ).filter(lambda parts: isinstance(parts[0], str))
)
def test_a_path_survives_being_written(parts: list[str | int]) -> None:
    assert path_of(path_text(tuple(parts))) == tuple(parts)
