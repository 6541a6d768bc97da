-- The console adds a finding by a command that opens a lead, in the transaction that carries it out.
grant insert on finding to gongji_console;
alter table finding enable row level security;
create policy finding_read on finding for select using (true);
create policy finding_jobs on finding for insert to gongji_jobs with check (true);
create policy finding_opened on finding for insert to gongji_console
  with check (exists (select 1 from command c where snapshot = 'command ' || c.id
    and c.kind = 'lead_open' and c.area = finding.area
    and c.state in ('submitted', 'approved') and c.position = jsonb_array_length(c.chain)));
