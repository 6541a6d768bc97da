"""Every refusal's sentence by its code: those of each room, in one order.

Where several hold, the first is given. Only the order of the gates is the law's; the order of the
rooms is that in which something is looked at.
"""

from gongji.refusals.accounts import ACCOUNTS
from gongji.refusals.agency import AGENCY
from gongji.refusals.backup import BACKUP
from gongji.refusals.catalogue import CATALOGUE
from gongji.refusals.commands import COMMANDS
from gongji.refusals.counter import COUNTER
from gongji.refusals.figures import FIGURES
from gongji.refusals.files import FILES
from gongji.refusals.filings import FILINGS
from gongji.refusals.gates import GATES
from gongji.refusals.gateway import GATEWAY
from gongji.refusals.institutions import INSTITUTIONS
from gongji.refusals.ledger import LEDGER
from gongji.refusals.lines import LINES
from gongji.refusals.people import PEOPLE
from gongji.refusals.review import REVIEW
from gongji.refusals.settlement import SETTLEMENT
from gongji.refusals.visits import VISITS

REFUSALS: dict[str, str] = {
    **FILES,
    **VISITS,
    **LINES,
    **COUNTER,
    **SETTLEMENT,
    **GATES,
    **GATEWAY,
    **COMMANDS,
    **REVIEW,
    **AGENCY,
    **FILINGS,
    **CATALOGUE,
    **PEOPLE,
    **INSTITUTIONS,
    **ACCOUNTS,
    **LEDGER,
    **BACKUP,
    **FIGURES,
}
"""Every refusal: code -> Chinese sentence, in order of precedence."""
PRECEDENCE = {code: number for number, code in enumerate(REFUSALS, start=1)}
CODES = ("",) + tuple(REFUSALS)
"""The code of each refusal number; number zero is no refusal."""
