"""The exit codes of every command: one table, shown in docs/generated/exit-codes.md."""

DONE = 0
REFUSED = 1
WRONG_FILE = 2
FAULT = 3
MISSING_EXTRA = 4
INTERRUPTED = 130
TERMINATED = 143

EXIT_CODES = {
    DONE: "done",
    REFUSED: (
        "refused, or what was compared differs: a visit that is not paid, nothing that could be "
        "settled, a ledger that does not agree"
    ),
    WRONG_FILE: (
        "a wrong command line, settings, or a file with problems: each is told with its place"
    ),
    FAULT: "a fault: the database is away, a disk is full, a file cannot be read or written",
    MISSING_EXTRA: "a part of gongji that is not installed; the sentence says how to install it",
    INTERRUPTED: "ended by Ctrl-C; nothing half-written stays",
    TERMINATED: "ended by SIGTERM; nothing half-written stays",
}
"""What each code means."""

KINDS = {
    "usage": WRONG_FILE,
    "file": FAULT,
    "fault": FAULT,
    "missing_extra": MISSING_EXTRA,
    "interrupted": INTERRUPTED,
    "terminated": TERMINATED,
}
"""The errors that are no refusal: with --json `{"error": kind, "reason": sentence}`."""
