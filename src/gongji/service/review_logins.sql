-- The console's keys to agencies, posts, invitations, the calendar and the life of commands.
grant select on agency, invitation, calendar_year, calendar_day, command_about to gongji_console;
grant select on agency, calendar_year, calendar_day to gongji_pages;
grant insert on agency, invitation, command_about to gongji_console;
grant update (closed_at) on agency to gongji_console;
grant update (used_at) on invitation to gongji_console;
grant update (submitted_at, worked_days) on command to gongji_console;

-- Insured persons hand in commands of their own from the pages, and take no step.
grant select on command, command_move, command_about, command_person, step to gongji_pages;
grant insert on command, command_about, evidence to gongji_pages;
grant select (id, command, paper, sha256, type, bytes, retention, added_at) on evidence
  to gongji_pages;
grant select on staff, post, post_holding, post_area to gongji_pages;
grant update (content, version, chain, amount_fen, ground_hash, round, position, state, due_on,
  executed_at, submitted_at, worked_days) on command to gongji_pages;

alter table command enable row level security;
create policy command_others on command for all to gongji_console, gongji_jobs, gongji_backup
  using (true) with check (true);
-- Whoever a command is about may know of it, whoever handed it in.
create policy command_pages_read on command for select to gongji_pages
  using (actor_kind = 'person' or subject_kind = 'person');
create policy command_pages_add on command for insert to gongji_pages
  with check (actor_kind = 'person');
create policy command_pages_change on command for update to gongji_pages
  using (actor_kind = 'person') with check (actor_kind = 'person');

-- A post is granted by a command that was approved, in the transaction that carries it out.
alter table post_holding enable row level security;
create policy post_holding_read on post_holding for select using (true);
create policy post_holding_granted on post_holding for insert to gongji_console
  with check (exists (select 1 from command c where c.id = command and c.state = 'approved'
    and c.kind in ('grant_post', 'stand_in')));
create policy post_holding_ended on post_holding for update to gongji_console
  using (true) with check (true);
grant usage on sequence person_fact_id_seq to gongji_console;

-- Notices of decisions: the page is told at once, the rest by an adaptor that the jobs call.
grant select on notice to gongji_console, gongji_pages, gongji_jobs;
grant insert on notice to gongji_console, gongji_pages;
grant update (delivered_at, ref) on notice to gongji_console, gongji_jobs;
grant select on disease_list, disease to gongji_console, gongji_pages;
grant insert on disease_list, disease to gongji_console;

-- Paying persons, charge-backs, claims on third parties.
grant select on payee, payout_order, payout_file, charge_back, third_party_claim, claim_recovery
  to gongji_console;
grant insert on payee, payout_order, payout_file, charge_back, third_party_claim, claim_recovery
  to gongji_console;
grant update (retired_at) on payee to gongji_console;
grant update (state, back, returned_on, bank_ref, reason) on payout_order to gongji_console;
