"""The Action's inputs, read from the environment and checked whole before anything is sent.

Which type an output has, and whether its value will do, is left to Signalbox.
"""

from __future__ import annotations

import codecs
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from action.errors import ReportError, shown

REPORT_BYTES_MAX = 256 * 1024
FILE_BYTES_MAX = 1024 * 1024  # A file may need more bytes than its text does in the report.
SECONDS_DEFAULT, SECONDS_MAX = 300, 600

NAME = re.compile(r"[a-z][a-z0-9_]*")
HOST = r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]"
SERVER = re.compile(rf"(https?)://({HOST})(:[0-9]{{1,5}})?(/[A-Za-z0-9_.~/-]*)?")
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
LINE = re.compile(r"(.*?)(\r\n|\n|\Z)", re.DOTALL)

LARGE_REMEDY = "Upload what is large as an artifact and report its name or address instead."


@dataclass(frozen=True)
class Report:
    """The inputs of the Action, checked."""

    server: str
    outputs: Mapping[str, Any]
    summary: str
    seconds: float
    body: bytes


def read_report(environ: Mapping[str, str]) -> Report:
    """Read and check every input of the Action, before anything is sent."""
    server = check_server(text_of(environ, "server"))
    outputs = parse_outputs(input_of(environ, "outputs"))
    summary = input_of(environ, "summary")
    seconds = check_seconds(text_of(environ, "timeout-seconds"))
    return Report(server, outputs, summary, seconds, encode(outputs, summary))


def parse_outputs(text: str) -> dict[str, Any]:
    """Read `name=value` lines, `name<<END` blocks, or one JSON object.

    A value from a line is text, taken exactly as it stands; JSON keeps its types. The rules
    for lines are those of GitHub's own `$GITHUB_OUTPUT` ("Multiline strings" in
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
    """
    if text.lstrip().startswith(("{", "[")):
        pairs, problems = parse_json(text)
    else:
        pairs, problems = parse_lines(text)
    outputs: dict[str, Any] = {}
    for where, name, value in pairs:
        if not NAME.fullmatch(name):
            wrong = "is not a name, which is a-z and then any of a-z, 0-9 and _"
            problems.append(f"{where}: {shown(name)} {wrong}.")
        elif name in outputs:
            problems.append(f"{where}: {name} is given twice.")
        outputs[name] = value
    if problems:
        raise ReportError(
            "Signalbox: outputs cannot be read",
            "\n".join(problems),
            "Write one name=value a line (no space around the =), a value of several lines as"
            " name<<END … END, or the whole as one JSON object.",
        )
    return outputs


def parse_lines(text: str) -> tuple[list[tuple[str, str, Any]], list[str]]:
    """Split lines and blocks into (where, name, value), and say which lines are neither."""
    pairs: list[tuple[str, str, Any]] = []
    problems: list[str] = []
    lines = [(match[1], match[2]) for match in LINE.finditer(text)]
    at = 0
    while at < len(lines):
        where, line = f"line {at + 1}", lines[at][0]
        at += 1
        name, mark, value = split_line(line)
        if mark == "=":
            pairs.append((where, name, value))
        elif mark == "<<":
            end = next((n for n in range(at, len(lines)) if lines[n][0] == value), None)
            if not value or end is None:
                problems.append(f"{where}: no line ends the block of {shown(name)}.")
                break
            block = lines[at:end]
            # The line break before the end mark belongs to the mark, as on GitHub.
            value = "".join(part + ending for part, ending in block[:-1])
            pairs.append((where, name, value + "".join(part for part, _ in block[-1:])))
            at = end + 1
        elif line.strip():
            # The line is not quoted: it may be a piece of something secret.
            problems.append(f"{where}: is neither name=value nor name<<END.")
    return pairs, problems


def split_line(line: str) -> tuple[str, str, str]:
    """Split at the first `=` or `<<`, whichever comes first. Return name, mark and rest."""
    match = re.search(r"=|<<", line)
    return (line[: match.start()], match[0], line[match.end() :]) if match else (line, "", "")


def parse_json(text: str) -> tuple[list[tuple[str, str, Any]], list[str]]:
    """Read a JSON object into (where, name, value), and say what is wrong with it."""
    try:
        # Objects are kept as pairs here, so that a name given twice can be told of.
        value = json.loads(
            text, object_pairs_hook=Pairs, parse_constant=refuse, parse_float=finite
        )
        if isinstance(value, Pairs):
            return [("JSON", name, plain(member)) for name, member in value.members], []
    except ValueError as error:
        return [], [f"JSON: {error}."]
    except RecursionError:
        return [], ["JSON: it is nested too deeply."]
    return [], ["JSON: an object is needed, with one member for each output."]


@dataclass(frozen=True)
class Pairs:
    """The members of a JSON object, in order, before names given twice are lost."""

    members: list[tuple[str, Any]]


def plain(value: Any) -> Any:
    """Turn pairs back into dictionaries, all the way down."""
    if isinstance(value, Pairs):
        return {name: plain(member) for name, member in value.members}
    return [plain(member) for member in value] if isinstance(value, list) else value


def refuse(constant: str) -> Any:
    """Refuse `NaN` and `Infinity`, which Python reads although JSON has no such thing."""
    raise ValueError(f"{constant} is not JSON")


def finite(digits: str) -> float:
    """Read a number with a fraction or an exponent that a computer can hold."""
    return float(digits) if math.isfinite(float(digits)) else refuse(digits)


def encode(outputs: Mapping[str, Any], summary: str) -> bytes:
    """Write the report as it is sent, if it is not too large."""
    sizes = {f"output {name}": len(as_json(value)) for name, value in outputs.items()}
    sizes["summary"] = len(as_json(summary))
    body = as_json({"outputs": outputs, "summary": summary})
    if len(body) > REPORT_BYTES_MAX:
        largest = max(sizes, key=lambda part: sizes[part])
        raise ReportError(
            "Signalbox: the report is too large",
            f"The report has {len(body)} bytes and {REPORT_BYTES_MAX} are allowed."
            f" The largest part is {largest}, with {sizes[largest]} bytes.",
            LARGE_REMEDY,
        )
    return body


def as_json(value: Any) -> bytes:
    """Write JSON as UTF-8."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise ReportError(
            "Signalbox: the report is not text",
            "An output or the summary holds half of a UTF-16 pair, which UTF-8 cannot express.",
            "Look for a \\ud800 to \\udfff escape without its other half.",
        ) from None


def check_server(given: str) -> str:
    """Return the base URL of Signalbox, without a slash at its end."""
    server = given.strip().rstrip("/")
    match = SERVER.fullmatch(server)
    if not server:
        wrong = "The input server is empty."
    elif match is None:
        wrong = f"The input server is {shown(server)}, which is not the base URL of a server."
    elif match[1] == "http" and match[2] not in LOCAL_HOSTS:
        wrong = f"The input server is {shown(server)}: a report is sent over https only."
    else:
        return server
    raise ReportError(
        "Signalbox: no server",
        wrong,
        "Give the address of your Signalbox, such as https://signalbox.example.com. If it comes"
        " from a variable (vars.SIGNALBOX_URL), check that this repository can see it.",
    )


def check_seconds(given: str) -> float:
    """Return how long to keep trying."""
    text = given.strip() or str(SECONDS_DEFAULT)
    if re.fullmatch("[0-9]{1,3}", text) and 1 <= int(text) <= SECONDS_MAX:
        return float(text)
    raise ReportError(
        "Signalbox: timeout-seconds cannot be read",
        f"The input timeout-seconds is {shown(text)}.",
        f"Give a whole number from 1 to {SECONDS_MAX}, or leave it out for {SECONDS_DEFAULT}.",
    )


def input_of(environ: Mapping[str, str], name: str) -> str:
    """Return the text of an input that is given either directly or as a file."""
    given = text_of(environ, name)
    path = text_of(environ, f"{name}-file").strip()
    if not path:
        return given
    if given.strip():
        wrong = f"Both {name} and {name}-file are given."
        raise ReportError(f"Signalbox: {name} is given twice", wrong, "Leave one of them out.")
    try:
        with open(path, "rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise ReportError(
            f"Signalbox: {name}-file cannot be read",
            f"The file {shown(path)} cannot be read: {error.strerror}.",
            "The path starts at the workspace. Was the step that writes the file skipped?",
        ) from error
    if len(data) > FILE_BYTES_MAX:
        wrong = f"The file {shown(path)} has more than {FILE_BYTES_MAX} bytes."
        raise ReportError("Signalbox: the report is too large", wrong, LARGE_REMEDY)
    # Windows PowerShell writes UTF-16 where nothing else is asked for, and marks it so.
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return decode(data, "utf-16" if is_utf16 else "utf-8-sig", f"The {name}-file")


def text_of(environ: Mapping[str, str], name: str) -> str:
    """Return an input as `action.yml` hands it over: UTF-8, whatever the runner's locale is."""
    variable = "SIGNALBOX_" + name.upper().replace("-", "_")
    return decode(os.fsencode(environ.get(variable, "")), "utf-8", f"The input {name}")


def decode(data: bytes, encoding: str, what: str) -> str:
    """Decode text, or say what is not text."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        wrong = f"{what} is not UTF-8 at byte {error.start}."
        remedy = "Write it as UTF-8, or encode it (base64, for one)."
        raise ReportError("Signalbox: the report is not text", wrong, remedy) from error
