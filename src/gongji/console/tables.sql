-- Sessions of the agency's staff, apart from those of insured persons: the pages cannot reach them.

create table console_session (
  session_key varchar(40) primary key,
  session_data text not null,
  expire_date timestamptz not null,
  account integer
);
comment on table console_session is 'Sessions of the console; account: the Django user who is signed in, of whom one session is kept';
create index console_session_account on console_session (account);
create index console_session_expires on console_session (expire_date);

-- Accounts of staff and of insured persons stand in one table of Django; each face has its own.
alter table auth_user enable row level security;
create policy auth_user_pages on auth_user for all to gongji_pages
  using (not is_staff) with check (not is_staff);
create policy auth_user_console on auth_user for all to gongji_console
  using (is_staff) with check (is_staff);
create policy auth_user_backup on auth_user for select to gongji_backup using (true);
grant select, insert, update, delete on console_session, auth_user, account_emailaddress,
  account_emailconfirmation, socialaccount_socialaccount, socialaccount_socialapp,
  socialaccount_socialtoken, mfa_authenticator, axes_accessattempt, axes_accesslog,
  axes_accessfailurelog, axes_accessattemptexpiration to gongji_console;
grant select on auth_user_groups, auth_user_user_permissions to gongji_console;

-- Access keys of institutions are issued and revoked here; a secret is written and never read.
grant select (access_key, institution, since, revoked_at) on credential to gongji_console;
grant insert on credential to gongji_console;
grant update (revoked_at) on credential to gongji_console;
grant select on procrastinate_jobs to gongji_console;

-- The policy page has the jobs' worker simulate; it can put no other job into the queue.
create function ask_policy_run(run text) returns bigint
  language sql security definer set search_path = pg_catalog, public, pg_temp as $$
  insert into procrastinate_jobs (queue_name, task_name, lock, args)
  values ('default', 'gongji.service.jobs.tasks.policy_run', 'policy', jsonb_build_object('run', run))
  returning id
$$;
comment on function ask_policy_run is 'Queues a policy run for the jobs'' worker; its number there';
revoke all on function ask_policy_run from public;
grant execute on function ask_policy_run to gongji_console;
