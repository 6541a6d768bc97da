"""Pour one visit through the layers of its benefit.

A **program** is a run of integers in `code`, made by `gongji.law.compile.program` for one cell (one
benefit, one value on every axis):

    gates, steps, tails, tail, (mask, refusal) * gates, step * (steps + tails)
    step  = base, column, rate_ppm, bands, deductibles, ceilings; or STOP, mask, 0

`steps` is below zero (the number negated) where a STOP is among them.
    bands, deductibles, ceilings = limit *, END
    limit = amount_fen, place

The steps are the layers of the benefit, each taking the cost that the one before left; where the
flags of a STOP hold, nothing flows on and what is left stays with the person. The tail
(where it begins is `tail`) is for the visit as a whole: floors and supplements.

`meters[place]` is what a meter holds before the visit. An amount is a figure, OPEN
(a parameter nobody has set), UNLIMITED, or below OPEN the number of an amount that comes with the
visit. The program does not know who the person is or what the meters mean.
"""

from gongji.units import WHOLE, divided

OPEN = -1
UNLIMITED = 1 << 62
END = -UNLIMITED
ROOM = 1 << 61
"""More room than any limit leaves that is not UNLIMITED."""

# Header of a program.
GATES, STEPS, TAILS, TAIL, HEADER = 0, 1, 2, 3, 4
GATE_SIZE = 2
# Header of a step; a limit has two numbers.
BASE, COLUMN, RATE, STEP_SIZE = 0, 1, 2, 3
LIMIT_SIZE = 2
# What a step of the tail takes: what is left to the person; what is missing to a share of all;
# of what the layers left only the deductibles, the shares, the cost that no layer took; what the
# step before left. A layer always takes what the one before left; as OWN its rate is the share of
# that which is the person's own, and the rest flows on. A STOP has its mask as COLUMN.
LEFT, FLOOR, BORNE_DEDUCTIBLE, BORNE_SHARE, BEYOND, ONWARD, OWN, STOP = 0, 1, 2, 3, 4, 5, 6, 7
# What became of a visit.
SETTLED = 0
# One record of the breakdown for each step that was reached, and one of the reasons for it.
AT, COST, DEDUCTIBLE, PAID, REST, RECORD_SIZE = range(6)
TAKEN, DEDUCTIBLE_BY, PAID_BY, REASON_SIZE = range(4)


def take_rate(amount_fen, rate_ppm):
    """A rate of an amount.

    Units:   fen, parts per million.
    Rounds:  half up to the fen, once a layer.
    """
    return divided(amount_fen * rate_ppm + WHOLE // 2, WHOLE)


def cost_absorbed(room_fen, rate_ppm):
    """The cost that fills a ceiling's room: room ÷ rate.

    Units:   fen; the rate is above zero.
    Rounds:  half up to the fen, so that the rate of the result is the room again.
    """
    return divided(2 * room_fen * WHOLE + rate_ppm, 2 * rate_ppm) if room_fen else 0


def refused_by(code, at, flags):
    """The number of the first gate that holds for these flags, or zero."""
    gate = at + HEADER
    for _ in range(code[at + GATES]):
        if flags & code[gate] == code[gate]:
            return code[gate + 1]
        gate += GATE_SIZE
    return 0


def tightest(code, limit, amounts, meters):
    """The smallest room that limits leave, and which of them leaves it.

    Shape:   the limits begin at `limit` and go on to END.
    Units:   fen.
    Returns: (room, position of the limit in `code`, position after END); (OPEN, position, ) where a
             parameter is open; at least ROOM without limits.
    """
    room = ROOM
    by = 0
    while True:
        amount = code[limit]
        if amount < 0:
            if amount == END:
                return room, by, limit + 1
            if amount == OPEN:
                return OPEN, limit, 0
            amount = amounts[OPEN - 1 - amount]
        left = max(0, amount - meters[code[limit + 1]])
        if left < room:
            room = left
            by = limit
        limit += LIMIT_SIZE


def advance(code, limit, amount_fen, meters):
    """Add an amount to the meters of limits; the position after their END is returned."""
    while code[limit] != END:
        meters[code[limit + 1]] += amount_fen
        limit += LIMIT_SIZE
    return limit + 1


def pour_step(code, step, left, rate, amounts, meters, out, why, number):
    """One layer: band, deductible, rate, ceiling; its meters advance.

    Units:   fen; `left` is the cost offered, `rate` parts per million.
    Returns: (the position after the step, the cost left, fen paid), with the breakdown as record
             `number` of `out` and `why`; or below zero the position (negated) of an open
             parameter, with no meter moved.
    Ensures: 0 <= paid <= taken <= left; deductible + absorbed cost + rest = left.
    """
    bands = step + STEP_SIZE
    room, by, deductibles = tightest(code, bands, amounts, meters)
    if room == OPEN:
        return -by, left, 0
    taken = min(left, room)
    if code[step + BASE] == OWN:
        if rate == OPEN:
            return -(step + RATE), left, 0
        taken = take_rate(left, rate)
        rate = 0
    due, due_by, ceilings = tightest(code, deductibles, amounts, meters)
    if due == OPEN:
        return -due_by, left, 0
    deductible = 0 if due >= ROOM else min(taken, due)
    absorbed = taken - deductible
    paid = 0
    paid_by = 0
    if absorbed > 0:
        if rate == OPEN:
            return -(step + RATE), left, 0
        room, by, _ = tightest(code, ceilings, amounts, meters)
        if room == OPEN:
            return -by, left, 0
        paid = take_rate(absorbed, rate)
        if paid >= room and rate > 0:
            cost = cost_absorbed(room, rate)
            if cost < absorbed:
                absorbed = cost
                paid_by = by
            paid = room
    advance(code, bands, deductible + absorbed, meters)
    advance(code, deductibles, deductible, meters)
    record = number * RECORD_SIZE
    out[record + AT] = step
    out[record + COST] = left
    out[record + DEDUCTIBLE] = deductible
    out[record + PAID] = paid
    rest = left - deductible - absorbed
    out[record + REST] = rest
    reason = number * REASON_SIZE
    why[reason + TAKEN] = taken
    why[reason + DEDUCTIBLE_BY] = due_by
    why[reason + PAID_BY] = paid_by
    return advance(code, ceilings, paid, meters), rest, paid


def undo(code, records, meters, out):
    """Take back what the recorded steps added to the meters: the visit cannot be settled."""
    for record in range(0, records * RECORD_SIZE, RECORD_SIZE):
        limits = out[record + AT] + STEP_SIZE
        through = out[record + COST] - out[record + REST]
        limits = advance(code, limits, -through, meters)
        limits = advance(code, limits, -out[record + DEDUCTIBLE], meters)
        advance(code, limits, -out[record + PAID], meters)


def steps_of(code, at):
    """How many steps a program has, those that only stop included."""
    return abs(code[at + STEPS])


def pour_guarded(code, at, cost_fen, flags, amounts, meters, out, why, records):
    """`pour_part` of a program with gates between its layers."""
    step = at + HEADER + GATE_SIZE * code[at + GATES]
    left = cost_fen
    paid = 0
    for _ in range(steps_of(code, at)):
        if left == 0:
            break
        if code[step + BASE] == STOP:
            if flags & code[step + COLUMN] == code[step + COLUMN]:
                break
            step += STEP_SIZE
            continue
        rate = code[step + RATE]
        step, left, more = pour_step(code, step, left, rate, amounts, meters, out, why, records)
        if step < 0:
            return step, records, paid
        paid += more
        records += 1
    return SETTLED, records, paid


def pour_part(code, at, cost_fen, flags, amounts, meters, out, why, records):
    """The layers of one part of a visit, each taking what the one before left.

    Returns: (SETTLED or the negated position of an open parameter, records so far, fen paid).
    """
    if code[at + STEPS] < 0:
        return pour_guarded(code, at, cost_fen, flags, amounts, meters, out, why, records)
    step = at + HEADER + GATE_SIZE * code[at + GATES]
    left = cost_fen
    paid = 0
    for _ in range(code[at + STEPS]):
        if left == 0:
            break
        rate = code[step + RATE]
        step, left, more = pour_step(code, step, left, rate, amounts, meters, out, why, records)
        if step < 0:
            return step, records, paid
        paid += more
        records += 1
    return SETTLED, records, paid


def borne(code, base, cost_fen, records, out):
    """The part of what the layers left to the person that a supplement is on.

    Units:   fen; `cost_fen` the whole cost, `records` those of the layers. What is the person's
             own before the deductible is in no part.
    """
    deductible = 0
    share = 0
    for record in range(0, records * RECORD_SIZE, RECORD_SIZE):
        through = out[record + COST] - out[record + REST]
        cost_fen -= through
        if code[out[record + AT] + BASE] != OWN:
            deductible += out[record + DEDUCTIBLE]
            share += through - out[record + DEDUCTIBLE] - out[record + PAID]
    if base == BORNE_DEDUCTIBLE:
        return deductible
    return share if base == BORNE_SHARE else cost_fen


def pour_tail(code, at, cost_fen, paid, amounts, meters, out, why, records):
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
            left = min(left, borne(code, base, cost_fen, layers, out))
        step, _, more = pour_step(code, step, left, rate, amounts, meters, out, why, records)
        if step < 0:
            return step, records
        paid += more
        records += 1
    return SETTLED, records


def pour(code, cells, costs, parts, flags, amounts, meters, out, why):
    """Settle one visit: gates, the layers of each part, the tail.

    Shape:   `cells` and `costs` (fen) have one entry for each of `parts`, in the order in which
             they are poured; the first one's gates and tail are the visit's. `out` and `why` have
             room for a record and a reason a step.
    Returns: (0, records) when settled; (refusal number, 0) by a gate; (negated position in `code`,
             0) where an open parameter is needed.
    Ensures: the meters move only when the visit is settled.
    """
    refusal = refused_by(code, cells[0], flags)
    if refusal:
        return refusal, 0
    return pour_through(code, cells, costs, parts, flags, amounts, meters, out, why)


def pour_through(code, cells, costs, parts, flags, amounts, meters, out, why):
    """Settle one visit that has passed the gates; see `pour`."""
    status, records, paid = pour_part(code, cells[0], costs[0], flags, amounts, meters, out, why, 0)
    total = costs[0]
    for part in range(1, parts):
        if status == SETTLED:
            status, records, more = pour_part(
                code, cells[part], costs[part], flags, amounts, meters, out, why, records
            )
            total += costs[part]
            paid += more
    if status != SETTLED:
        undo(code, records, meters, out)
        return status, 0
    if code[cells[0] + TAILS]:
        status, records = pour_tail(code, cells[0], total, paid, amounts, meters, out, why, records)
        if status != SETTLED:
            undo(code, records, meters, out)
            return status, 0
    return SETTLED, records
