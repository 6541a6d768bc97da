-- The console adds a version of a law by a command that was approved, in the transaction that
-- carries it out.
alter table law_version enable row level security;
create policy law_version_read on law_version for select using (true);
create policy law_version_reviewed on law_version for insert to gongji_console
  with check (exists (select 1 from command c where c.id = command and c.state = 'approved'
    and c.kind = 'change_law' and c.area = law_version.area));
