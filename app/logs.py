"""The log: one line an entry, for people at a terminal and as JSON for machines.

Rooms log with structlog, or with the standard library and ids in `extra`; libraries log as they
like. How all of it looks is decided here.
"""

import logging
import sys
from collections.abc import Sequence
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def set_up(stream: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Send all logging to a stream, standard error by default. Call it once."""
    stream = stream or sys.stderr
    is_terminal = stream.isatty()
    shared: Sequence[Processor] = (
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    look: Sequence[Processor] = (
        (structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),)
        if is_terminal
        else (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        # What the standard library logs has the ids at hand, too, and its own come first.
        foreign_pre_chain=[
            structlog.stdlib.ExtraAdder(),
            structlog.contextvars.merge_contextvars,
            *shared,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _without_colours,
            *look,
        ],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    # A line for each call to GitHub is too much, and an address may tell more than it should.
    for name in ("httpx", "httpcore", "alembic", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _without_colours(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    """Drop uvicorn's second rendering of its own message."""
    entry.pop("color_message", None)
    return entry
