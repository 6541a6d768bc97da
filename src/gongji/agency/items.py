"""Every item that is built: importing this makes their kinds of commands known."""

from gongji.agency import chronic_filing, family_bond, injury_filing, manual_reimbursement
from gongji.review import posts

ALL = (posts, family_bond, chronic_filing, injury_filing, manual_reimbursement)
