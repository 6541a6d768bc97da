-- Everything that staff ask for and takes longer than a page is one kind of job: it can be stopped,
-- what came of it can be kept under a name, and it is forgotten whole when its time is over.
alter table staff_job
  add column stopping boolean not null default false,
  add column kept_name text not null default '',
  add column kept_by bigint references staff,
  add column kept_at timestamptz,
  drop constraint staff_job_state_check,
  drop constraint staff_job_ended,
  drop constraint staff_job_file,
  add constraint staff_job_state check (
    state in ('waiting', 'doing', 'done', 'failed', 'stopped')),
  add constraint staff_job_ended check (
    (state in ('done', 'failed', 'stopped')) = (ended_at is not null)),
  add constraint staff_job_file check (
    sealed is null or file_name <> '' and (expires_at is not null or kept_at is not null)),
  add constraint staff_job_kept check (
    (kept_name <> '') = (kept_at is not null) and (kept_at is null) = (kept_by is null)
    and (kept_at is null or state = 'done' and expires_at is null));
comment on table staff_job is
  'A job that a member of staff asked for: how far it is, what came of it. stopping: it is to stop; sealed: its file, encrypted, for whoever asked; the row is deleted at expires_at';
drop index staff_job_key;
create unique index staff_job_key on staff_job (kind, key)
  where key <> '' and state not in ('failed', 'stopped');
create index staff_job_kind on staff_job (kind, id);

grant update (stopping, kept_name, kept_by, kept_at) on staff_job to gongji_console;
grant delete on staff_job to gongji_jobs;

-- The console has the jobs' worker look at open jobs; it can put nothing else into the queue.
create function queue_staff_jobs(of_kind text) returns void
  language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  insert into procrastinate_jobs (queue_name, task_name, queueing_lock, args)
  select 'default', 'gongji.service.jobs.tasks.staff_jobs_of', 'staff_jobs ' || of_kind,
    jsonb_build_object('kind', of_kind)
  where exists (
    select 1 from staff_job j where j.kind = of_kind and j.state in ('waiting', 'doing'))
  on conflict do nothing
$$;
comment on function queue_staff_jobs is 'Has the jobs'' worker look at the open jobs of a kind';
revoke all on function queue_staff_jobs from public;
grant execute on function queue_staff_jobs to gongji_console, gongji_jobs;
