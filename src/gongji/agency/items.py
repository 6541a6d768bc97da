"""Every item that is built: importing this makes their kinds of commands known."""

from gongji.agency import (
    chronic_changes,
    chronic_filing,
    destruction,
    family_bond,
    injury_filing,
    law_changes,
    manual_reimbursement,
    payees,
    payouts,
    personal_copy,
    personal_data,
    third_party_claims,
)
from gongji.review import posts

ALL = (
    *(posts, family_bond, chronic_filing, chronic_changes, injury_filing, manual_reimbursement),
    *(payees, payouts, third_party_claims, personal_copy, personal_data),
    *(destruction, law_changes),
)
