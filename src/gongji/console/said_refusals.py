"""What a refusal says at the desk: by the labels of forms, not by names of the wire."""

import re

from gongji.console.item_forms import LABELS
from gongji.refusals import REFUSALS, Refusal, RulebookError

_WIRE = re.compile(
    f"(?<![A-Za-z_])({'|'.join(name for name in LABELS if '_' in name)})(?![A-Za-z_])"
)
AGAIN = "这一页已经提交过，这一次填写的与那时不同；请刷新页面，核对后再办"


def words_of(refusal: Refusal | RulebookError) -> str:
    """A refusal's sentence as it is shown."""
    sentence = str(refusal)
    if type(refusal) is Refusal:
        if refusal.code == "message_differs":
            return AGAIN
        given = {"known": ""} | refusal.values
        given |= {"field": LABELS.get(refusal.field, refusal.field)}
        sentence = REFUSALS[refusal.code].format(**given)
    return _WIRE.sub(lambda found: LABELS[found[1]], sentence)
