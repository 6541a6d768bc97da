"""What a check of the ledger finds: something that is kept otherwise than the journal says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Something that is kept otherwise than the journal says.

    Shape:   `check` is the check's name; `person` is masked; `what` the meter, balance or amount.
    """

    check: str
    area: str
    person: str
    entry: int | None
    what: str
    kept: str
    rebuilt: str
