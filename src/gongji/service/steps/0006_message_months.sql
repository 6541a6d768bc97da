-- The months of messages lie in a place of the jobs' own. In public no process makes anything: an
-- operator or a function there would be run by whoever looks names up in it, the owner too.
create schema message_months authorization gongji_jobs;
revoke create on schema public from gongji_jobs, public;
grant usage on schema message_months to gongji_backup;
alter default privileges for role gongji_jobs in schema message_months
  grant select on tables to gongji_backup;
alter default privileges in schema message_months grant select on tables to gongji_backup;
