"""Pour one visit through the layers of its benefit.

A **program** is a run of integers in `code`, made by `gongji.rulebook.program` for one cell (one
benefit, one value on every axis):

    gates, steps, tails, tail, dims, dim * dims, (mask, refusal) * gates, step * (steps + tails)
    step  = base, column, rate_ppm, deductibles, ceilings, bands, limit * all three
    limit = amount_fen, dim, offset

The steps are the layers of the benefit, each taking the cost that the one before left. The tail
(where it begins is `tail`) is for the visit as a whole: floors and supplements.

`meters[slots[dim] + offset]` is what a meter holds before the visit. An amount is a figure, OPEN
(a parameter nobody has set), UNLIMITED, or below OPEN the number of an amount that comes with the
visit. The program does not know who the person is or what the meters mean.
"""

from gongji.units import WHOLE

OPEN = -1
UNLIMITED = 1 << 62

# Header of a program.
GATES, STEPS, TAILS, TAIL, DIMS, HEADER = 0, 1, 2, 3, 4, 5
GATE_SIZE = 2
# Header of a step; a limit has three numbers.
BASE, COLUMN, RATE, DEDUCTIBLES, CEILINGS, BANDS, STEP_SIZE = 0, 1, 2, 3, 4, 5, 6
LIMIT_SIZE = 3
# What a step of the tail takes: what is left to the person; what is missing to a share of the whole;
# of what the layers left only the deductibles, the shares, the cost that no layer took; what the
# step before left. A layer always takes what the one before left.
LEFT, FLOOR, BORNE_DEDUCTIBLE, BORNE_SHARE, BEYOND, ONWARD = 0, 1, 2, 3, 4, 5
# What became of a visit.
SETTLED = 0
# One record of the breakdown for each step that was reached.
AT, COST, TAKEN, DEDUCTIBLE, DEDUCTIBLE_BY, PAID, PAID_BY, REST, RECORD_SIZE = range(9)


def take_rate(amount_fen, rate_ppm):
    """A rate of an amount.

    Units:   fen, parts per million.
    Rounds:  half up to the fen, once a layer.
    """
    return (amount_fen * rate_ppm + WHOLE // 2) // WHOLE


def cost_absorbed(room_fen, rate_ppm):
    """The cost that fills a ceiling's room: room ÷ rate.

    Units:   fen; the rate is above zero.
    Rounds:  half up to the fen, so that the rate of the result is the room again.
    """
    return (2 * room_fen * WHOLE + rate_ppm) // (2 * rate_ppm)


def refused_by(code, at, flags):
    """The number of the first gate that holds for these flags, or zero."""
    gate = at + HEADER + code[at + DIMS]
    for _ in range(code[at + GATES]):
        if flags & code[gate] == code[gate]:
            return code[gate + 1]
        gate += GATE_SIZE
    return 0


def tightest(code, limit, count, amounts, meters, slots):
    """The smallest room that `count` limits leave, and which of them leaves it.

    Units:   fen.
    Returns: (room, position of the limit in `code`); (OPEN, position) where a parameter is open;
             (UNLIMITED, 0) without limits.
    """
    room = UNLIMITED
    by = 0
    for _ in range(count):
        amount = code[limit]
        if amount == OPEN:
            return OPEN, limit
        if amount < OPEN:
            amount = amounts[OPEN - 1 - amount]
        if amount != UNLIMITED:
            left = max(0, amount - meters[slots[code[limit + 1]] + code[limit + 2]])
            if left < room:
                room = left
                by = limit
        limit += LIMIT_SIZE
    return room, by


def advance(code, limit, count, amount_fen, meters, slots):
    """Add an amount to the meters of `count` limits; the next limit's position is returned."""
    for _ in range(count):
        meters[slots[code[limit + 1]] + code[limit + 2]] += amount_fen
        limit += LIMIT_SIZE
    return limit


def pour_step(code, step, left, rate, amounts, meters, slots, out, record):
    """One layer: band, deductible, rate, ceiling; its meters advance.

    Units:   fen; `left` is the cost offered, `rate` parts per million.
    Returns: SETTLED with the breakdown in `out`, or below zero the position (negated) of an open
             parameter, with no meter moved.
    Ensures: 0 <= paid <= taken <= left; deductible + absorbed cost + rest = left.
    """
    deductibles = step + STEP_SIZE
    ceilings = deductibles + LIMIT_SIZE * code[step + DEDUCTIBLES]
    bands = ceilings + LIMIT_SIZE * code[step + CEILINGS]

    band, by = tightest(code, bands, code[step + BANDS], amounts, meters, slots)
    if band == OPEN:
        return -by
    taken = min(left, band)
    due, due_by = tightest(code, deductibles, code[step + DEDUCTIBLES], amounts, meters, slots)
    if due == OPEN:
        return -due_by
    deductible = 0 if due == UNLIMITED else min(taken, due)
    absorbed = taken - deductible
    paid = 0
    paid_by = 0
    if absorbed > 0:
        if rate == OPEN:
            return -(step + RATE)
        room, room_by = tightest(code, ceilings, code[step + CEILINGS], amounts, meters, slots)
        if room == OPEN:
            return -room_by
        paid = take_rate(absorbed, rate)
        if paid >= room and rate > 0:
            cost = cost_absorbed(room, rate)
            if cost < absorbed:
                absorbed = cost
                paid_by = room_by
            paid = room
    advance(code, deductibles, code[step + DEDUCTIBLES], deductible, meters, slots)
    advance(code, ceilings, code[step + CEILINGS], paid, meters, slots)
    advance(code, bands, code[step + BANDS], deductible + absorbed, meters, slots)
    out[record + AT] = step
    out[record + COST] = left
    out[record + TAKEN] = taken
    out[record + DEDUCTIBLE] = deductible
    out[record + DEDUCTIBLE_BY] = due_by
    out[record + PAID] = paid
    out[record + PAID_BY] = paid_by
    out[record + REST] = left - deductible - absorbed
    return SETTLED


def next_step(code, step):
    """The position of the step after this one."""
    limits = code[step + DEDUCTIBLES] + code[step + CEILINGS] + code[step + BANDS]
    return step + STEP_SIZE + LIMIT_SIZE * limits


def undo(code, records, meters, slots, out):
    """Take back what the recorded steps added to the meters: the visit cannot be settled."""
    for number in range(records):
        record = number * RECORD_SIZE
        step = out[record + AT]
        limit = step + STEP_SIZE
        cost = out[record + COST] - out[record + REST]
        limit = advance(
            code, limit, code[step + DEDUCTIBLES], -out[record + DEDUCTIBLE], meters, slots
        )
        limit = advance(code, limit, code[step + CEILINGS], -out[record + PAID], meters, slots)
        advance(code, limit, code[step + BANDS], -cost, meters, slots)


def pour_part(code, at, cost_fen, amounts, meters, slots, out, records):
    """The layers of one part of a visit, each taking what the one before left.

    Returns: (SETTLED or the negated position of an open parameter, records so far, fen paid).
    """
    step = at + HEADER + code[at + DIMS] + GATE_SIZE * code[at + GATES]
    left = cost_fen
    paid = 0
    for _ in range(code[at + STEPS]):
        if left == 0:
            break
        record = records * RECORD_SIZE
        status = pour_step(code, step, left, code[step + RATE], amounts, meters, slots, out, record)
        if status != SETTLED:
            return status, records, paid
        left = out[record + REST]
        paid += out[record + PAID]
        records += 1
        step = next_step(code, step)
    return SETTLED, records, paid


def borne(base, cost_fen, records, out):
    """The part of what the layers left to the person that a supplement is on.

    Units:   fen; `cost_fen` the whole cost, `records` those of the layers.
    """
    deductible = 0
    share = 0
    for record in range(0, records * RECORD_SIZE, RECORD_SIZE):
        through = out[record + COST] - out[record + REST]
        cost_fen -= through
        deductible += out[record + DEDUCTIBLE]
        share += through - out[record + DEDUCTIBLE] - out[record + PAID]
    if base == BORNE_DEDUCTIBLE:
        return deductible
    return share if base == BORNE_SHARE else cost_fen


def pour_tail(code, at, cost_fen, paid, amounts, meters, slots, out, records):
    """Floors and supplements, on what the layers left to the person of the whole visit.

    Returns: (SETTLED or the negated position of an open parameter, records so far).
    """
    step = at + code[at + TAIL]
    layers = records
    for _ in range(code[at + TAILS]):
        left = cost_fen - paid
        if left == 0:
            break
        rate = code[step + RATE]
        base = code[step + BASE]
        if base == FLOOR:
            if rate == OPEN:
                return -(step + RATE), records
            left = max(0, take_rate(cost_fen, rate) - paid)
            rate = WHOLE
        elif base == ONWARD:
            left = out[records * RECORD_SIZE - RECORD_SIZE + REST]
        elif base != LEFT:
            left = min(left, borne(base, cost_fen, layers, out))
        record = records * RECORD_SIZE
        status = pour_step(code, step, left, rate, amounts, meters, slots, out, record)
        if status != SETTLED:
            return status, records
        paid += out[record + PAID]
        records += 1
        step = next_step(code, step)
    return SETTLED, records


def pour(code, cells, costs, parts, flags, amounts, meters, slots, out):
    """Settle one visit: gates, the layers of each part, the tail.

    Shape:   `cells` and `costs` (fen) have one entry for each of `parts`, in the order in which parts are
             poured; the first one's gates and tail are the visit's. `slots[dim]` is where the
             block of a dimension begins in `meters`. `out` has room for RECORD_SIZE numbers a
             step.
    Returns: (0, records) when settled; (refusal number, 0) by a gate; (negated position in `code`,
             0) where an open parameter is needed.
    Ensures: the meters move only when the visit is settled.
    """
    refusal = refused_by(code, cells[0], flags)
    if refusal:
        return refusal, 0
    records = 0
    total = 0
    paid = 0
    for part in range(parts):
        status, records, part_paid = pour_part(
            code, cells[part], costs[part], amounts, meters, slots, out, records
        )
        if status != SETTLED:
            undo(code, records, meters, slots, out)
            return status, 0
        total += costs[part]
        paid += part_paid
    if code[cells[0] + TAILS]:
        status, records = pour_tail(
            code, cells[0], total, paid, amounts, meters, slots, out, records
        )
        if status != SETTLED:
            undo(code, records, meters, slots, out)
            return status, 0
    return SETTLED, records
