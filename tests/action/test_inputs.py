"""What an author may write as outputs, and what is said when it cannot be read."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from action.errors import ReportError
from action.inputs import REPORT_BYTES_MAX, check_server, encode, parse_outputs

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.text(
    '=<\r\n {}[]":%é', max_size=20
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(TEXTS, children, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "outputs"),
    [
        ("", {}),
        ("\n  \n", {}),
        ("image=ghcr.io/acme/api", {"image": "ghcr.io/acme/api"}),
        ("a=1\r\nb=two words\r\n", {"a": "1", "b": "two words"}),
        ("a=x=y<<z", {"a": "x=y<<z"}),
        ("a= kept ", {"a": " kept "}),
        ("empty=", {"empty": ""}),
        ("notes<<END\none\n\nthree=3\nEND\nb=2", {"notes": "one\n\nthree=3", "b": "2"}),
        ("notes<<END\r\none\r\ntwo\r\nEND\r\n", {"notes": "one\r\ntwo"}),
        ("notes<<END\nEND", {"notes": ""}),
        ("notes<<a=b\nx\na=b", {"notes": "x"}),
        ('{"count": 3, "ok": true, "list": [1, {"a": null}]}', None),
        (' \n {"count": 1.5}', {"count": 1.5}),
    ],
)
def test_outputs_are_read_as_github_reads_its_own(
    text: str, outputs: dict[str, Any] | None
) -> None:
    """Lines give text exactly as it stands, blocks keep their lines, JSON keeps its types."""
    expected = json.loads(text) if outputs is None else outputs

    assert parse_outputs(text) == expected


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a=1\nnonsense\nb=2", ["line 2: is neither name=value nor name<<END."]),
        ("a=1\n\na=2", ["line 3: a is given twice."]),
        (
            "Image=1",
            ['line 1: "Image" is not a name, which is a-z and then any of a-z, 0-9 and _.'],
        ),
        ("a =1", ['line 1: "a " is not a name, which is a-z and then any of a-z, 0-9 and _.']),
        ("a-b<<E\nx\nE\nc", ["line 1: ", "line 4: "]),
        ("a=1\nlong<<END\ntext", ['line 2: no line ends the block of "long".']),
        ("long<<\ntext\n", ['line 1: no line ends the block of "long".']),
        ("[1]", ["JSON: an object is needed, with one member for each output."]),
        ('{"a": 1, "a": 2}', ["JSON: a is given twice."]),
        ('{"a-b": 1}', ['JSON: "a-b" is not a name']),
        ('{"a": NaN}', ["JSON: NaN is not JSON."]),
        ('{"a": 1e999}', ["JSON: 1e999 is not JSON."]),
        ('{"a": 1', ["JSON: Expecting ',' delimiter: line 1 column 8 (char 7)."]),
        ('{"a": ' + "[" * 100_000, ["JSON: it is nested too deeply."]),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(text: str, problems: list[str]) -> None:
    """Every mistake is told of at once, with its line and what to write instead."""
    with pytest.raises(ReportError) as caught:
        parse_outputs(text)

    told = [p for p in caught.value.message.splitlines() if p.startswith(("line", "JSON"))]
    assert len(told) == len(problems)
    for line in problems:
        assert line in caught.value.message
    assert "name=value" in caught.value.remedy


def test_a_line_that_is_no_output_is_not_repeated() -> None:
    """A stray line may be a piece of a secret, and so it is named by its number only."""
    with pytest.raises(ReportError) as caught:
        parse_outputs("key=-----BEGIN\nMIIEowIBAAKC\n")

    assert caught.value.message == "line 2: is neither name=value nor name<<END."


@given(st.dictionaries(NAMES, TEXTS), st.sampled_from(["\n", "\r\n"]))
def test_any_text_survives_a_block(outputs: dict[str, str], ending: str) -> None:
    """Whatever text is put into blocks comes out of them, with either kind of line ending."""
    # A carriage return at the end would be taken for half of the line's own ending.
    assume(not any(text.endswith("\r") for text in outputs.values()))
    mark = "END_" + "x" * (1 + max((len(text) for text in outputs.values()), default=0))

    blocks = "".join(
        f"{name}<<{mark}{ending}{text}{ending}{mark}{ending}" for name, text in outputs.items()
    )

    assert parse_outputs(blocks) == outputs


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_characters="\r\n"))))
def test_any_text_of_one_line_survives_a_line(outputs: dict[str, str]) -> None:
    """Whatever stands behind the first equals sign is the value."""
    lines = "\n".join(f"{name}={text}" for name, text in outputs.items())

    assert parse_outputs(lines) == outputs


@given(st.dictionaries(NAMES, JSON, min_size=1), st.booleans(), TEXTS)
def test_any_json_survives_reading_and_writing(
    outputs: dict[str, Any], is_ascii: bool, summary: str
) -> None:
    """What is sent says what the author's JSON says, with the types it had."""
    read = parse_outputs(json.dumps(outputs, ensure_ascii=is_ascii, indent=1))

    assert read == outputs
    assert json.loads(encode(read, summary)) == {"outputs": outputs, "summary": summary}


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing an author can write brings a traceback."""
    with suppress(ReportError):
        assert all(name.isascii() for name in parse_outputs(text))


def test_the_largest_report_is_sent_and_one_byte_more_is_not() -> None:
    """The limit counts bytes as they are sent, and the message names what is largest."""
    room = REPORT_BYTES_MAX - len('{"outputs":{"log":""},"summary":"é"}'.encode())

    assert len(encode({"log": "x" * room}, "é")) == REPORT_BYTES_MAX
    with pytest.raises(ReportError, match="The largest part is output log") as caught:
        encode({"log": "x" * (room + 1)}, "é")
    assert "artifact" in caught.value.remedy


def test_half_a_character_is_refused() -> None:
    """A lone surrogate, which JSON can spell and UTF-8 cannot, is told of."""
    with pytest.raises(ReportError, match="half of a UTF-16 pair"):
        encode(parse_outputs('{"a": "\\ud800"}'), "")


@pytest.mark.parametrize(
    ("given_url", "server"),
    [
        ("https://signalbox.example.com", "https://signalbox.example.com"),
        (" https://signalbox.example.com/ \n", "https://signalbox.example.com"),
        ("https://ci.example.com:8443/signalbox/", "https://ci.example.com:8443/signalbox"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_a_server_is_a_base_url(given_url: str, server: str) -> None:
    """The base URL loses its last slash only: the token is made out to exactly this text."""
    assert check_server(given_url) == server


@pytest.mark.parametrize(
    "server",
    [
        "",
        " ",
        "signalbox.example.com",
        "http://signalbox.example.com",
        "http://localhost.example.com",
        "ftp://signalbox.example.com",
        "https://user:secret@signalbox.example.com",
        "https://signalbox.example.com?x=1",
        "https://signalbox.example.com/#x",
        "https://signalbox.example.com/a b",
        "https://signalbox.example.com\n::error::x",
        "https://",
    ],
)
def test_another_server_is_refused(server: str) -> None:
    """A report, and the token with it, goes over https to a plain address or not at all."""
    with pytest.raises(ReportError, match="The input server") as caught:
        check_server(server)

    assert "https://signalbox.example.com" in caught.value.remedy
