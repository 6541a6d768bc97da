"""Structured logs, one JSON object a line on stderr, with personal data masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

PRIVATE_KEYS = {
    "name",
    "psn_name",
    "certno",
    "certificate",
    "mdtrt_cert_no",
    "card_sn",
    "tel",
    "addr",
    "token",
    "secret",
    "password",
    "agnter_name",
    "agnter_certno",
    "agnter_tel",
}
"""Keys whose values are never written."""
_LONG_NUMBER = re.compile(r"(?<!\d)(\d{4})\d{7,}(\d{3}[\dXxＸｘ])(?!\d)")
_TELEPHONE = re.compile(r"(?<![\dA-Za-z])(1[3-9]\d)\d{4}(\d{4})(?!\d)")
HIDDEN = "***"


def mask(value: Any, key: str = "") -> Any:
    """A value with identity, telephone and other long numbers shortened, private fields hidden."""
    if key.lower() in PRIVATE_KEYS:
        return HIDDEN
    if isinstance(value, str):
        return _TELEPHONE.sub(r"\1***\2", _LONG_NUMBER.sub(r"\1***\2", value))
    if isinstance(value, dict):
        return {mask(name): mask(part, str(name)) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask(part) for part in value]
    if value is None or isinstance(value, bool | float):
        return value
    # A number is masked as its digits are; of anything else its words would be written.
    shown = str(value) if isinstance(value, int) else repr(value)
    masked = mask(shown)
    return value if isinstance(value, int) and masked == shown else masked


def _masked(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: mask(value, key) for key, value in event.items()}


class _Masking(logging.Filter):
    """Masks what other libraries log."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), ()
        return True


def configure(level: str = "INFO") -> None:
    """Set up logging of this process, that of other libraries included."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _masked,
    ]
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Masking())
    foreign = [structlog.stdlib.ExtraAdder(), *shared]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=render, foreign_pre_chain=foreign)
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("uvicorn", "procrastinate"):
        # What they tell of their own comings and goings says nothing of ours.
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
