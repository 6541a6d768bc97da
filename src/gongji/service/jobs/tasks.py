"""The jobs. None is deferred inside a settlement's transaction: NOTIFY would serialise commits."""

from datetime import UTC, datetime, timedelta

import psycopg
import structlog
from procrastinate.contrib.django import app

from gongji.platform.database import owner_dsn
from gongji.platform.environment import environment
from gongji.platform.installation import installed_seal
from gongji.units import day_in_china

NONCE_HOURS = 2
KEPT_HOURS = 24 * 30
"""How long a job that ended is told of."""
FLAG_DAYS = 7
"""How far back flags are looked for: longer than the jobs ever stood still."""
log = structlog.get_logger()


# At night in China: the clock of these times is UTC's.
@app.periodic(cron="10 17 * * *")
@app.task(queueing_lock="trial_balance", pass_context=False)
def daily_trial_balance(timestamp: int) -> None:
    """Draw up the trial balance of the day before and say whether the books agree."""
    from gongji.ledger.trial import trial

    day = day_in_china(datetime.fromtimestamp(timestamp, UTC)) - timedelta(days=1)
    with psycopg.connect(owner_dsn()) as connection:
        found = trial(connection, day)
    say = log.info if found.agrees else log.error
    say("trial_balance", day=str(day), agrees=found.agrees)


@app.periodic(cron="15 17 * * *")
@app.task(queueing_lock="note_advances", pass_context=False)
def note_advances(timestamp: int) -> None:
    """Note claims on third parties for what the counters advanced since the night before."""
    from gongji.agency.third_party_claims import note_advances

    with psycopg.connect(owner_dsn()) as connection:
        areas = connection.execute("select distinct area from entry where origin = 'own'")
        for (area,) in areas.fetchall():
            made = note_advances(connection, str(area))
            log.info("advances_noted", area=area, claims=made)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="note_leads", pass_context=False)
def note_leads(timestamp: int) -> None:
    """Make leads for supervision of whom the trail flagged."""
    from gongji.supervision.crowd_leads import note_crowds

    since = datetime.fromtimestamp(timestamp, UTC) - timedelta(days=FLAG_DAYS)
    with psycopg.connect(owner_dsn()) as connection:
        if made := note_crowds(connection, since):
            log.warning("leads_noted", made=made)


@app.periodic(cron="20 17 * * *")
@app.task(queueing_lock="seal_journal", pass_context=False)
def seal_journal(timestamp: int) -> None:
    """Seal what was entered, and who looked, and copy the seals where they are kept too."""
    from gongji.ledger.seal_copies import add_to_copy
    from gongji.ledger.seals import seal_all
    from gongji.ledger.trail_seals import seal_trail

    copy = environment().seals
    today = day_in_china(datetime.fromtimestamp(timestamp, UTC))
    with psycopg.connect(owner_dsn()) as connection:
        log.info("trail_sealed", days=seal_trail(connection, today, today - timedelta(days=1)))
    with psycopg.connect(owner_dsn(), autocommit=True) as connection:
        for made in seal_all(connection):
            log.info("sealed", area=made.area, number=made.number, last=made.last)
        for each in add_to_copy(connection, copy) if copy else ():
            log.error("seals_differ", area=each.area, what=each.what, kept=each.kept)


@app.periodic(cron="40 17 * * *")
@app.task(queueing_lock="message_months", pass_context=False)
def message_months(timestamp: int) -> None:
    """Make the months ahead in which messages are kept, and drop those whose time is over."""
    from gongji.platform import inbox_months
    from gongji.platform.retention import MESSAGE, Certificate, certify

    today = day_in_china(datetime.fromtimestamp(timestamp, UTC))
    days = environment().message_days
    with psycopg.connect(owner_dsn(), autocommit=True) as connection:
        made = inbox_months.make_ahead(connection, today)
        dropped = inbox_months.drop_old(connection, today, days)
        for name in dropped:
            basis = f"{name}：GONGJI_MESSAGE_DAYS={days}"
            certify(connection, Certificate(MESSAGE, None, None, basis), 1)
    log.info("message_months", made=made, dropped=dropped)


@app.periodic(cron="45 17 * * *")
@app.task(queueing_lock="trail_months", pass_context=False)
def trail_months(timestamp: int) -> None:
    """Make the months ahead in which it is kept who looked at what."""
    from gongji.platform import trail_months as months

    today = day_in_china(datetime.fromtimestamp(timestamp, UTC))
    with psycopg.connect(owner_dsn(), autocommit=True) as connection:
        made = months.make_ahead(connection, today)
    log.info("trail_months", made=made)


@app.periodic(cron="50 17 * * *")
@app.task(queueing_lock="propose_destruction", pass_context=False)
def propose_destruction(timestamp: int) -> None:
    """Propose to each area what papers are due, and to the first one what is due of the trail."""
    from gongji.platform.retention import LOOK, PAPER, propose

    today = day_in_china(datetime.fromtimestamp(timestamp, UTC))
    with psycopg.connect(owner_dsn(), autocommit=True) as connection:
        areas = connection.execute("select distinct area from agency order by area").fetchall()
        asked = [(area, PAPER) for (area,) in areas] + [(area, LOOK) for (area,) in areas[:1]]
        for area, kind in asked:
            if number := propose(connection, area, kind, today):
                log.info("destruction_proposed", area=area, kind=kind, proposal=number)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="staff_jobs", pass_context=False)
def staff_jobs(timestamp: int) -> None:
    """Have what staff asked for carried out, and what a process began and left taken up again."""
    from gongji.review.staff_jobs import hand_over_all

    with psycopg.connect(owner_dsn(), autocommit=True) as connection:
        hand_over_all(connection)


@app.task(pass_context=False)
def staff_jobs_of(kind: str) -> None:
    """Carry out what staff asked for of a kind, one after another."""
    from gongji.review.staff_jobs import carry_out_kind

    _every_kind_of_staff_job()
    with psycopg.connect(owner_dsn(), autocommit=True) as connection:
        done = carry_out_kind(connection, installed_seal(), kind, datetime.now(UTC))
    log.info("staff_jobs", kind=kind, done=done)


def _every_kind_of_staff_job() -> None:
    """Make the kinds known of what staff may ask for."""
    from gongji.agency import items, policy_jobs
    from gongji.review import list_exports

    assert items.ALL and policy_jobs.KIND and list_exports.TRAIL


@app.periodic(cron="*/30 * * * *")
@app.task(queueing_lock="tidy", pass_context=False)
def tidy(timestamp: int) -> None:
    """Remove what is past its time: files to be fetched, nonces, jobs of staff with their files."""
    from gongji.gateway.queries import reach
    from gongji.gateway.wire import credentials
    from gongji.gateway.wire.files import forget_files
    from gongji.review.staff_jobs import forget_jobs

    _every_kind_of_staff_job()
    now = datetime.fromtimestamp(timestamp, UTC)
    with psycopg.connect(owner_dsn()) as connection:
        files = forget_files(connection, now)
        nonces = credentials.forget(connection, now - timedelta(hours=NONCE_HOURS))
        shown = reach.forget(connection, now - timedelta(hours=reach.SHOWN_HOURS))
        jobs = forget_jobs(connection, now)
    log.info("tidied", files=files, nonces=nonces, shown=shown, jobs=jobs)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="resume", pass_context=False)
async def resume_stalled(timestamp: int) -> None:
    """Take up again the jobs whose worker has died, and forget those that ended long ago."""
    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.retry_job(job)
        log.warning("resumed", job=job.id, task=job.task_name)
    await app.job_manager.delete_old_jobs(nb_hours=KEPT_HOURS, include_failed=True)
