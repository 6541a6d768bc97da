"""The loops over rows that are compiled: find each visit's cell and flags, then pour it.

Rows come by person, then in order of settlement. A person's meters are blocks of numbers: those
that begin anew with a period lie in one place and are emptied when the period (or the person)
changes; those that are apart for each registration, disease or drug lie at the row in which that
key first appears, so no table is searched here. The arithmetic itself is `gongji.law.kernel`, the
same functions that settle a visit online.
"""

from typing import NamedTuple

from gongji.batch.numba_rows import Row, after, compiled, empty, inlined, kept, seldom
from gongji.law.kernel import pour
from gongji.law.kernel.calendar import period_number
from gongji.law.kernel.price import first_self_pay

ABSENT = -1
"""An amount that is not given."""
UNTOUCHED = -1
"""A meter that a visit does not use."""
FREE = -1 << 63
"""A place that no trace has taken."""
BAD = -1
"""A value that the rules cannot place: the row is read again, slowly, for the reason."""

# What became of a row beside the numbers of refusals: a figure is missing; it cannot be read.
OPEN = -1
NOT_READ = -2
# What begins with a row.
NEW_PERSON, NEW_SEASON = 1, 2
# Who pays a layer.
POOL, SUPPLEMENT, ACCOUNT, INSTITUTION = 0, 1, 2, 3
# Bits of a trace: the cell, tail steps reached, layers reached of each part (the rest is last).
TAIL_BITS, PART_BITS, MAX_PARTS = 5, 6, 5
REFUSALS = 2048
"""More than there are numbers of refusals."""


class Place(NamedTuple):
    """What leads from the facts of a row to its cell and flags.

    Shape:   `family_of` by law, year since the first and benefit; `bases` by family; `strides` and
             `needed` by family and fact; `flags` by law; `bits` by law, fact and value.
    """

    years: int
    benefits: int
    facts: int
    values: int
    family_of: Row
    bases: Row
    strides: Row
    needed: Row
    flags: Row
    bits: Row


class Plan(NamedTuple):
    """An area's tables; see `rulebook.tables`.

    Shape:   `cells` by cell: the number of its program; `starts` (one more than programs),
             `shares` and `used` by program: where it begins, the first self-pay, the bits of the
             dimensions it reads; `layer_at` by layer and `meter_at` by meter: their columns;
             `payers` by layer; `readings` of a program, meter and place, from `reading_from` on;
             `part_steps` by family and part: how far from the cell of the rest of a visit's cost
             the cell of that part lies.
    """

    code: Row
    cells: Row
    starts: Row
    shares: Row
    used: Row
    layer_at: Row
    meter_at: Row
    payers: Row
    reading_from: Row
    readings: Row
    part_steps: Row


class Rows(NamedTuple):
    """The visits to be settled, column by column.

    Shape:   `turn` is NEW_PERSON, NEW_SEASON or both where a person, a period of meters begins;
             `total`, `in_scope` and `part_costs` (by part and row) are NOWHERE if not given;
             `amounts` by row, so many `amount_count` each; `first` by keyed dimension and row:
             where the key first appears.
    """

    count: int  # type: ignore[assignment]
    parts: int
    amount_count: int
    turn: Row
    day: Row
    cell: Row
    family: Row
    flags: Row
    total: Row
    in_scope: Row
    part_costs: Row
    amounts: Row
    first: Row


class Blocks(NamedTuple):
    """Where a person's meters lie.

    Shape:   `periodic` has place, width, months (0 for a day) and first month of each dimension
             whose block is emptied with the period, and `current` its period; `fresh` place and
             width of those emptied with every visit; `keyed` place, width and the beginning in
             `kept` of those that have a block for each key: it is brought to its place while a
             visit uses it. `shifting` are the bits of fresh and keyed dimensions. `opening_*` are
             amounts to begin with: row, place, fen.
    """

    periods: int
    freshes: int
    keys: int
    shifting: int
    openings: int
    numbers: Row
    kept: Row
    periodic: Row
    current: Row
    fresh: Row
    keyed: Row
    opening_row: Row
    opening_at: Row
    opening_fen: Row


class Results(NamedTuple):
    """What became of each visit; `layers`, `meters` and `trace` only if `trace` keeps anything.

    Shape:   `layers` and `meters` have so many columns, each with all rows. `trace` is the visit's
             (see `trace`); of a refused visit `marked`, of an open one the position that is open.
             `most` gathers the bits of all amounts, so that one too large for its column shows.
    """

    layer_count: int
    meter_count: int
    refusal: Row
    pool: Row
    deductible: Row
    supplements: Row
    person: Row
    layers: Row
    meters: Row
    trace: Row
    most: Row


class Scratch(NamedTuple):
    """Room for one visit: program, kind, start and cost of each part, the kernel's breakdown.

    `cleared` remembers, by program, the last flags that no gate refused.
    """

    programs: Row
    kinds: Row
    cells: Row
    costs: Row
    cleared: Row
    out: Row
    why: Row


@compiled
def locate(
    place: Place,
    count: int,
    at_date: Row,
    law_of: Row,
    year_of: Row,
    benefit: Row,
    codes: Row,
    law: Row,
    cell: Row,
    family: Row,
    flags: Row,
) -> None:
    """The law, cell, family and flags of every row.

    Shape:   `law_of` and `year_of` by date, of which `at_date` tells each row's; `codes` by fact
             and row; BAD where a value is not known. `cell` is BAD where a row cannot be placed.
    """
    for i in range(count):
        of_law = law_of[at_date[i]]
        found = BAD
        if of_law >= 0 and benefit[i] >= 0:
            year = year_of[at_date[i]]
            found = place.family_of[(of_law * place.years + year) * place.benefits + benefit[i]]
        at = BAD
        held = 0
        if found >= 0:
            at = place.bases[found]
            held = place.flags[of_law]
            for fact in range(place.facts):
                value = codes[fact * count + i]
                if value >= 0:
                    at += place.strides[found * place.facts + fact] * value
                    held |= place.bits[(of_law * place.facts + fact) * place.values + value]
                elif place.needed[found * place.facts + fact]:
                    at = BAD
                    break
        law[i] = of_law
        family[i] = found
        cell[i] = at if at >= 0 else BAD
        flags[i] = held


@compiled
def accept(rows: Rows, wrong: Row, cell: Row, used: Row) -> None:
    """Take the cell from rows that are wrong or whose amounts are; mark the cells that are used.

    Shape:   `wrong` by row, NOWHERE if none is; `used` by cell.
    """
    for i in range(rows.count):
        total = rows.total[i] if kept(rows.total) else ABSENT
        in_scope = rows.in_scope[i] if kept(rows.in_scope) else ABSENT
        bad = total < ABSENT or in_scope < ABSENT
        whole = total if in_scope == ABSENT else in_scope
        bad |= whole == ABSENT or (total != ABSENT and whole > total)
        if kept(rows.part_costs):
            rest = whole
            for kind in range(rows.parts):
                rest -= rows.part_costs[kind * rows.count + i]
            bad |= rest < 0
        if kept(wrong):
            bad |= wrong[i] != 0
        if seldom(bad):
            cell[i] = BAD
        elif cell[i] >= 0:
            used[cell[i]] = 1


@compiled
def number(count: int, refusal: Row, trace: Row, room: int, keys: Row, found: Row) -> int:
    """Number the traces of rows in the order of their appearance; zero is for rows without.

    Shape:   `keys` has `room` (a power of two) places, FREE at first, each with its trace and its
             number; `found` by row.
    Returns: how many numbers there are; zero where the room is not enough.
    """
    known = 1
    last = FREE
    at = 0
    for i in range(count):
        if refusal[i] < 0:
            found[i] = 0
            continue
        if trace[i] != last:
            last = trace[i]
            place = (last ^ last >> 17 ^ last >> 35) & (room - 1)
            while keys[2 * place] != last:
                if keys[2 * place] == FREE:
                    if 2 * known > room:
                        return 0
                    keys[2 * place] = last
                    keys[2 * place + 1] = known
                    known += 1
                    break
                place = (place + 1) & (room - 1)
            at = keys[2 * place + 1]
        found[i] = at
    return known


@inlined
def period_of(months: int, start: int, day: int) -> int:
    """The period of meters that a day is in; of no months, the day itself."""
    return period_number(months, start, day) if months else day


@inlined
def begin(rows: Rows, blocks: Blocks, i: int, last: int, turn: int) -> None:
    """Empty the blocks whose period begins with a row."""
    for d in range(blocks.periods):
        months = blocks.periodic[4 * d + 2]
        start = blocks.periodic[4 * d + 3]
        period = period_of(months, start, rows.day[i])
        if turn & NEW_PERSON or period != period_of(months, start, rows.day[last]):
            place = blocks.periodic[4 * d]
            for n in range(place, place + blocks.periodic[4 * d + 1]):
                empty(blocks.numbers, n)


@inlined
def fetch(rows: Rows, blocks: Blocks, i: int) -> None:
    """Bring the blocks of a visit's registration, disease or drug to their places."""
    for d in range(blocks.freshes):
        for n in range(blocks.fresh[2 * d], blocks.fresh[2 * d] + blocks.fresh[2 * d + 1]):
            empty(blocks.numbers, n)
    for d in range(blocks.keys):
        width = blocks.keyed[3 * d + 1]
        kept = blocks.keyed[3 * d + 2] + rows.first[d * rows.count + i] * width
        for n in range(width):
            blocks.numbers[blocks.keyed[3 * d] + n] = blocks.kept[kept + n]


@inlined
def keep(rows: Rows, blocks: Blocks, i: int) -> None:
    """Put the keyed blocks back after a visit."""
    for d in range(blocks.keys):
        width = blocks.keyed[3 * d + 1]
        kept = blocks.keyed[3 * d + 2] + rows.first[d * rows.count + i] * width
        for n in range(width):
            blocks.kept[kept + n] = blocks.numbers[blocks.keyed[3 * d] + n]


@inlined
def lay_parts(plan: Plan, rows: Rows, scratch: Scratch, i: int, in_scope: int) -> int:
    """The programs and costs of a visit, each part of its cost that is treated apart; how many."""
    rest = in_scope
    parts = 0
    for kind in range(rows.parts):
        cost = rows.part_costs[kind * rows.count + i]
        step = plan.part_steps[rows.family[i] * rows.parts + kind]
        if cost > 0 and step:
            scratch.programs[parts] = plan.cells[rows.cell[i] + step]
            scratch.kinds[parts] = kind
            scratch.costs[parts] = cost
            parts += 1
            rest -= cost
    if rest > 0 or parts == 0:
        scratch.programs[parts] = plan.cells[rows.cell[i]]
        scratch.kinds[parts] = rows.parts
        scratch.costs[parts] = rest
        parts += 1
    for part in range(parts):
        scratch.cells[part] = plan.starts[scratch.programs[part]]
    return parts


@inlined
def tally(
    plan: Plan, rows: Rows, scratch: Scratch, results: Results, records: int, i: int, total: int
) -> None:
    """Add up a visit's records: who pays what, by payer and by layer."""
    paid = 0
    supplements = 0
    borne = 0
    deductible = 0
    most = 0
    if kept(results.trace):
        for column in range(results.layer_count):
            results.layers[column * rows.count + i] = 0
    for number in range(records):
        record = number * pour.RECORD_SIZE
        fen = scratch.out[record + pour.PAID]
        column = plan.code[scratch.out[record + pour.AT] + pour.COLUMN]
        deductible += scratch.out[record + pour.DEDUCTIBLE]
        payer = plan.payers[column]
        paid += fen if payer == POOL else 0
        supplements += fen if payer == SUPPLEMENT else 0
        borne += fen if payer == INSTITUTION else 0
        most += fen
        if kept(results.trace):
            results.layers[plan.layer_at[column] * rows.count + i] += fen
    results.pool[i] = paid
    results.deductible[i] = deductible
    results.supplements[i] = supplements
    results.person[i] = total - paid - supplements - borne
    if kept(results.trace):
        results.most[0] |= most | deductible | total


@inlined
def first_step(code: Row, at: int) -> int:
    """The position of a program's first layer."""
    step = at + pour.HEADER + pour.GATE_SIZE * code[at + pour.GATES]
    while code[step + pour.BASE] == pour.STOP:
        step += pour.STEP_SIZE
    return step


@inlined
def trace(plan: Plan, scratch: Scratch, cell: int, parts: int, records: int) -> int:
    """The cell, the tail steps and the layers of each part that were reached, in one number."""
    at = scratch.cells[0]
    tails = 0
    if plan.code[at + pour.TAILS]:
        tail = at + plan.code[at + pour.TAIL]
        end = plan.starts[scratch.programs[0] + 1]
        for number in range(records):
            step = scratch.out[number * pour.RECORD_SIZE + pour.AT]
            tails += tail <= step and step < end
    reached = 0
    part = 0
    for number in range(records - tails):
        step = scratch.out[number * pour.RECORD_SIZE + pour.AT]
        if number and part + 1 < parts and step == first_step(plan.code, scratch.cells[part + 1]):
            part += 1
        reached += 1 << (PART_BITS * scratch.kinds[part])
    return (cell << TAIL_BITS | tails) << (PART_BITS * MAX_PARTS) | reached


@inlined
def detail(
    plan: Plan,
    rows: Rows,
    scratch: Scratch,
    blocks: Blocks,
    results: Results,
    i: int,
    parts: int,
    records: int,
) -> None:
    """The meters after a settled visit, and the trace that its articles are read from."""
    most = 0
    for part in range(parts):
        program = scratch.programs[part]
        for reading in range(plan.reading_from[program], plan.reading_from[program + 1]):
            fen = blocks.numbers[plan.readings[2 * reading + 1]]
            column = plan.meter_at[plan.readings[2 * reading]]
            results.meters[column * rows.count + i] = fen
            most |= fen
    results.most[0] |= most
    results.trace[i] = trace(plan, scratch, rows.cell[i], parts, records)


@inlined
def marked(cell: int, refusal: int) -> int:
    """The trace of a visit that is refused: its cell and the refusal, below zero."""
    return -1 - (cell * REFUSALS + refusal)


@inlined
def settle_row(
    plan: Plan, rows: Rows, blocks: Blocks, scratch: Scratch, results: Results, i: int
) -> None:
    """Settle one row whose periods have begun."""
    program = plan.cells[rows.cell[i]]
    total = rows.total[i] if kept(rows.total) else ABSENT
    in_scope = rows.in_scope[i] if kept(rows.in_scope) else ABSENT
    if seldom(total == ABSENT):
        total = in_scope
    elif in_scope == ABSENT:
        in_scope = total
        if seldom(plan.shares[program] != 0):
            in_scope -= first_self_pay(total, plan.shares[program])
    parts = 1
    scratch.programs[0] = program
    scratch.cells[0] = plan.starts[program]
    scratch.costs[0] = in_scope
    if kept(rows.part_costs):
        parts = lay_parts(plan, rows, scratch, i, in_scope)
    status, records = pour_row(plan, rows, blocks, scratch, i, parts)
    tally(plan, rows, scratch, results, records, i, total)
    results.refusal[i] = status if status >= 0 else OPEN
    if kept(results.trace):
        for column in range(results.meter_count):
            results.meters[column * rows.count + i] = UNTOUCHED
        if status < 0:
            results.trace[i] = -status
        elif status > 0:
            results.trace[i] = marked(rows.cell[i], status)
        else:
            detail(plan, rows, scratch, blocks, results, i, parts, records)


@inlined
def pour_row(
    plan: Plan, rows: Rows, blocks: Blocks, scratch: Scratch, i: int, parts: int
) -> tuple[int, int]:
    """The kernel on one visit: what became of it, and how many records there are."""
    program = scratch.programs[0]
    flags = rows.flags[i]
    if seldom(flags != scratch.cleared[program]):
        refusal = pour.refused_by(plan.code, scratch.cells[0], flags)
        if refusal:
            return refusal, 0
        scratch.cleared[program] = flags
    used = plan.used[program]
    for part in range(1, parts):
        used |= plan.used[scratch.programs[part]]
    used &= blocks.shifting
    if seldom(used != 0):
        fetch(rows, blocks, i)
    status, records = pour.pour_through(
        plan.code,
        scratch.cells,
        scratch.costs,
        parts,
        flags,
        after(rows.amounts, i * rows.amount_count),
        blocks.numbers,
        scratch.out,
        scratch.why,
    )
    if seldom(used != 0):
        keep(rows, blocks, i)
    return status, records


@compiled
def settle(plan: Plan, rows: Rows, blocks: Blocks, scratch: Scratch, results: Results) -> None:
    """Settle the rows in order.

    Ensures: the same results, visit by visit, as `gongji.law.engine.engine` online.
    """
    opening = 0
    turn = 0
    last = 0
    scratch.kinds[0] = rows.parts
    for i in range(rows.count):
        turn |= rows.turn[i]
        if seldom(rows.cell[i] < 0):
            results.refusal[i] = NOT_READ
            continue
        if seldom(turn != 0):
            begin(rows, blocks, i, last, turn)
            turn = 0
        while seldom(opening < blocks.openings) and blocks.opening_row[opening] <= i:
            blocks.numbers[blocks.opening_at[opening]] += blocks.opening_fen[opening]
            opening += 1
        settle_row(plan, rows, blocks, scratch, results, i)
        last = i
