"""Every kind of file that this installation imports, composed of what the rooms declare."""

from collections.abc import Mapping

from gongji.catalogue import import_catalogue
from gongji.institutions import import_institutions
from gongji.law.engine.areas import Areas
from gongji.ledger import import_openings
from gongji.people import import_people
from gongji.platform.actors import Actor
from gongji.platform.imports.import_columns import KindList
from gongji.platform.imports.import_run import Store
from gongji.settlement import import_stays

ROOMS = (
    import_institutions.IMPORT,
    import_catalogue.IMPORT,
    import_people.IMPORT,
    import_openings.IMPORT,
    import_stays.IMPORT,
)
"""What each room imports, in the order in which files of a workbook are taken."""
KINDS = KindList(kind for room in ROOMS for kind in room.kinds)


def stores(rules: Areas, actor: Actor) -> Mapping[str, Store]:
    """The stores of everything that goes into the ledger."""
    return import_openings.opening_stores(rules, actor) | import_stays.stay_stores(rules, actor)
