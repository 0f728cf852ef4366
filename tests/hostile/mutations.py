"""Ways in which a file comes to harm: of its bytes, and of the values in its JSON."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

ODD_TEXTS = (
    *("", "\0", "\n", "../..", "/etc/passwd", "a" * 5000, "\ud800", "\u202e", "\x1b[31m", "[bold]"),
    *("%s", "{}", "1e3", "nan", "none", "spatial", "9999-12-31T23:59:59+14:00", "0001-01-01"),
)
ODD_NUMBERS = (
    *(-1, 0, 1, 2**31, 2**63, -(2**70), 10**400, 10**4000),
    *(1e308, -1e308, 5e-324, -0.0, float("nan"), float("inf"), float("-inf")),
)
ODD_VALUES = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from([None, True, False, [], {}, [[]], [{}], [None], {"": {}}, {"kind": [1]}]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=5,
    ),
)
ODD_BYTES = (
    *(b"", b"\0", b"\n", b"\t", b"\xff", b"\xef\xbb\xbf", b"\x1b[31m", b"\xe2\x80\xae"),
    *(b"{", b"}", b"[", b"]", b": ", b"- ", b"? ", b"'", b'"', b"#", b"|", b"---\n", b"&a ", b"*a"),
    *(b"!!python/name:os.system ", b"NaN", b"1e999", b"[" * 2000, b"9" * 5000),
)


@st.composite
def changed_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """``content`` with one to four places cut out, doubled or written over."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 40)) | st.just(len(content)))
        between = draw(
            st.one_of(
                st.sampled_from(ODD_BYTES), st.binary(max_size=8), st.just(content[start:end] * 2)
            )
        )
        content = content[:start] + between + content[end:]
    return content


@st.composite
def changed_json(draw: st.DrawFn, content: Any) -> Any:
    """``content`` with one to three values set to others, taken out or put in."""
    content = copy.deepcopy(content)
    for _ in range(draw(st.integers(1, 3))):
        places = [place for place in _places(content) if place]
        if not places:
            return draw(ODD_VALUES)
        *above, last = draw(st.sampled_from(places))
        target = content
        for key in above:
            target = target[key]
        match draw(st.sampled_from(["set", "set", "set", "drop", "add"])):
            case "set":
                target[last] = draw(ODD_VALUES)
            case "drop":
                del target[last]
            case _ if isinstance(target, dict):
                target[draw(st.text(max_size=5))] = draw(ODD_VALUES)
            case _:
                target.append(draw(ODD_VALUES))
    return content


@st.composite
def changed_file(draw: st.DrawFn, path: Path) -> bytes:
    """What a file of a run directory may hold after someone has been at it."""
    content = path.read_bytes()
    if path.suffix not in (".json", ".jsonl") or draw(st.integers(0, 4)) == 0:
        return draw(changed_bytes(content))
    if path.suffix == ".json":
        return _to_json(draw(changed_json(json.loads(content))))
    lines = content.splitlines()
    place = draw(st.integers(0, len(lines) - 1))
    lines[place] = _to_json(draw(changed_json(json.loads(lines[place]))))
    return b"\n".join(lines) + b"\n"


def _to_json(content: Any) -> bytes:
    return json.dumps(content).encode()


def _places(content: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value."""
    yield above
    if isinstance(content, dict):
        for key, item in content.items():
            yield from _places(item, (*above, key))
    elif isinstance(content, list):
        for index, item in enumerate(content):
            yield from _places(item, (*above, index))
