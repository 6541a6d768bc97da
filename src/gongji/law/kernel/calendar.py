"""Dates and derived facts in plain integers: years, months, ages, the level that counts.

Days are counted from 1970-01-01, months from year 0 (year * 12 + month - 1). No clock.
"""

NO_DAY = -(1 << 40)
"""A date that is not given."""

RESCUE_HOURS = 72
"""Within how many hours of its beginning a rescue joins the stay that it turns into."""

# Codes of the level that counts, in the order of rulebook.facts.LEVELS.
NO_LEVEL, LEVEL_1, LEVEL_2, LEVEL_3, PHARMACY = 0, 1, 2, 3, 4


def month_of(day):
    """The month of a day, counted from year 0.

    Source:  the civil calendar over eras of 400 years (days from 0000-03-01).
    """
    shifted = day + 719468
    era = shifted // 146097
    of_era = shifted - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153 + 2
    return (year + era * 400) * 12 + month


def first_of_month(month):
    """The first day of a month counted from year 0."""
    shifted = month - 2
    year = shifted // 12
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (shifted - year * 12) + 2) // 5
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def age_by_month(day, birth_day):
    """Whole years of age, a year being complete from the month of the birthday.

    Law:     云政办规〔2024〕2号 二（一）: 70周岁及以上 (reading: from the month of the birthday).
    Returns: years, 0 where the birth date is not given.
    """
    if birth_day == NO_DAY:
        return 0
    return max(0, (month_of(day) - month_of(birth_day)) // 12)


def age_by_day(day, birth_day):
    """Whole years of age, a year being complete on the birthday (29 February: on 1 March).

    Returns: years, 0 where the birth date is not given.
    """
    if birth_day == NO_DAY:
        return 0
    months = month_of(day) - month_of(birth_day)
    late = day - first_of_month(month_of(day)) < birth_day - first_of_month(month_of(birth_day))
    return max(0, (months - late) // 12)


def joins_stay(rescue_minute, admission_minute):
    """Whether a rescue that began at one minute and an admission at another are one episode.

    Law:     楚政规〔2022〕2号 第十七条, 邵市政办发〔2022〕22号 第八条: 72小时内; 即刻住院 is the
             same span (a settled reading). Hours, not days of the calendar.
    Units:   minutes on one clock.
    """
    return 0 <= admission_minute - rescue_minute <= RESCUE_HOURS * 60


def months_left(day, approval_day):
    """Months left in the year of approval, that month included; 12 in any other year.

    Law:     临沧市职工医保待遇表: 慢性病限额按核准当年剩余月份折算.
    """
    if approval_day == NO_DAY or month_of(approval_day) // 12 != month_of(day) // 12:
        return 12
    return 12 - month_of(approval_day) % 12


def period_number(months, start_month, day):
    """The number of the period of so many months that holds a day, periods beginning with a month.

    Units:   `months` 1, 3 or 12; `start_month` 1 to 12 (7: from 1 July to 30 June).
    """
    return (month_of(day) - (start_month - 1)) // months


def counting_level(level, parent_level, pharmacy, prescriber_level, own_level):
    """The level whose figures apply.

    Law:     楚政规〔2022〕2号 第二十九条 (依托的实体定点医疗机构级别), 第三十条 (开具处方的定点
             医疗机构级别); 攀枝花实施细则 第七条 (定点零售药店 apart).
    Units:   codes of levels; `pharmacy` and `own_level` are 0 or 1.
    """
    if pharmacy:
        return PHARMACY if own_level else prescriber_level
    return parent_level if parent_level else level
