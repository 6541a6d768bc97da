-- Every process signs in by a login of its own, which owns nothing and has only the keys it needs.
-- What is not granted is refused by the database, whatever a program does. Owners of the tables are
-- the migrations and the command line only.

do $$
declare login text;
begin
  foreach login in array array['gongji_gateway', 'gongji_pages', 'gongji_api', 'gongji_console',
    'gongji_jobs', 'gongji_backup'] loop
    begin
      execute format('create role %I login noinherit', login);
    exception when duplicate_object or unique_violation then null;
    end;
    execute format('grant usage on schema public to %I', login);
  end loop;
end $$;

-- What everyone at work reads: who there is, what is ruled, which kinds there are.
grant select on law_version, entry_kind, entry_moves, chart to
  gongji_gateway, gongji_pages, gongji_api, gongji_console, gongji_jobs;
grant select on person, person_fact, institution, institution_fact, item_version, item_match,
  entry, settlement, posting, balance, meter_use, closed_period, review_flag, visit, charge_batch,
  settlement_batch, fee_line, prescription, prescription_use to
  gongji_gateway, gongji_pages, gongji_console, gongji_jobs;
grant insert on access_log to gongji_gateway, gongji_pages, gongji_console, gongji_jobs;
grant select on access_log to gongji_pages;
grant usage on sequence access_log_id_seq to
  gongji_gateway, gongji_pages, gongji_console, gongji_jobs;
grant select, insert on inbox, inbox_bytes to
  gongji_gateway, gongji_pages, gongji_console, gongji_jobs;
grant update (state, entry) on inbox to
  gongji_gateway, gongji_pages, gongji_console, gongji_jobs;

-- The gateways: settlements, cancellations, reports of stays, filings, the counter's papers.
grant select on credential, sign_in, file_ticket to gongji_gateway;
grant insert on person_fact, item_match, entry, settlement, posting, balance, meter_use,
  review_flag, visit, charge_batch, settlement_batch, fee_line, prescription, prescription_use,
  sign_in, file_ticket to gongji_gateway;
grant update on balance, meter_use to gongji_gateway;
grant update (id) on person to gongji_gateway;
grant update (retired_at) on person_fact, item_match to gongji_gateway;
grant update (settled_by) on review_flag to gongji_gateway;
grant update (withdrawn_at, med_type, disease, details, diagnoses) on visit to gongji_gateway;
grant update (withdrawn_at) on charge_batch, prescription to gongji_gateway;
grant update (released_at) on prescription_use, settlement_batch to gongji_gateway;
grant update (signed_out_at) on sign_in to gongji_gateway;
grant select, insert, delete on nonce to gongji_gateway;
grant select, insert on certificate_shown to gongji_gateway;
grant update (shown_at) on certificate_shown to gongji_gateway;
grant usage on sequence person_fact_id_seq, item_match_id_seq, entry_id_seq, review_flag_id_seq,
  visit_id_seq, charge_batch_id_seq, fee_line_id_seq, prescription_id_seq,
  prescription_use_id_seq to gongji_gateway;

-- The pages: an insured person's own records and filings, and Django's own tables.
grant insert on person_fact to gongji_pages;
grant update (id) on person to gongji_pages;
grant update (retired_at) on person_fact to gongji_pages;
grant usage on sequence person_fact_id_seq to gongji_pages;
grant select on django_content_type, auth_permission, auth_group, auth_group_permissions to
  gongji_pages, gongji_console;
grant select, insert, update, delete on django_session, auth_user, auth_user_groups,
  auth_user_user_permissions, account_emailaddress, account_emailconfirmation,
  socialaccount_socialaccount, socialaccount_socialapp, socialaccount_socialtoken to gongji_pages;

-- The console: commands and what they change.
grant select on staff, post, post_conflict, post_holding, post_area, post_side, command,
  command_move, command_person, step, command_line, evidence, access_log, seal, sealed,
  payment_run, payment_item, payment_line, deduction, transfer, bank_account, bank_line, bank_match,
  rule_version, finding, lead, lead_finding, outcome, case_file, recovery to gongji_console;
grant insert on staff, post_holding, post_area, post_side, command, command_person, step,
  command_line, evidence, person_fact, institution_fact, item_version, entry, settlement, posting,
  balance, meter_use, review_flag, law_version, payment_run, payment_item, payment_line, deduction,
  transfer, bank_line, bank_match, lead, lead_finding, outcome, case_file, recovery
  to gongji_console;
grant update (content, version, chain, amount_fen, ground_hash, round, position, state, due_on,
  executed_at) on command to gongji_console;
grant update (state, entry) on command_line to gongji_console;
grant update (retired_at) on post_holding, person_fact, institution_fact, item_version
  to gongji_console;
grant update (standing) on post_side to gongji_console;
grant update (disabled_at) on staff to gongji_console;
grant update (id) on person to gongji_console;
grant update on balance, meter_use to gongji_console;
grant update (settled_by) on review_flag to gongji_console;
grant update (state, command) on payment_run to gongji_console;
grant update (deducted, kept, advance, carry, rounding, payable, working) on payment_line
  to gongji_console;
grant update (told_on, answered_on, command) on deduction to gongji_console;
grant update (state, bank_ref) on transfer to gongji_console;
grant update (state, holding, due_on) on lead to gongji_console;
grant update (heard_on, decided_on, command) on case_file to gongji_console;
grant usage on sequence entry_id_seq to gongji_console;

-- Jobs: what happens at fixed times. They decide nothing about a person by themselves.
grant select on command, command_line, command_person, step, seal, sealed, inbox, file_ticket,
  nonce to gongji_jobs;
grant insert on entry, posting, balance, seal, sealed, finding to gongji_jobs;
grant update on balance to gongji_jobs;
grant update (id) on person to gongji_jobs;
grant update (state, entry) on command_line to gongji_jobs;
grant update (state, executed_at) on command to gongji_jobs;
grant select on certificate_shown to gongji_jobs;
grant delete on file_ticket, nonce, certificate_shown to gongji_jobs;
grant usage on sequence entry_id_seq, finding_id_seq to gongji_jobs;
do $$
declare found text;
begin
  for found in select relname from pg_class where relnamespace = 'public'::regnamespace
      and relname like 'procrastinate%' and relkind = 'r' loop
    execute format('grant select, insert, update, delete on %I to gongji_jobs', found);
  end loop;
  for found in select relname from pg_class where relnamespace = 'public'::regnamespace
      and relname like 'procrastinate%' and relkind = 'S' loop
    execute format('grant usage, select on sequence %I to gongji_jobs', found);
  end loop;
end $$;

-- The months of messages are made and dropped by the jobs: parts of one table, which is theirs.
grant create on schema public to gongji_jobs;
do $$ begin
  execute format('grant gongji_jobs to %I', current_user);
exception when others then null;  -- a superuser needs no membership of a role that it is itself
end $$;
alter table inbox_bytes owner to gongji_jobs;
alter table inbox_bytes_other owner to gongji_jobs;
grant select, insert on inbox_bytes to gongji_gateway, gongji_pages, gongji_console;

-- Backup reads everything and writes nothing.
grant select on all tables in schema public to gongji_backup;
grant select on all sequences in schema public to gongji_backup;
alter default privileges in schema public grant select on tables to gongji_backup;
alter default privileges in schema public grant select on sequences to gongji_backup;

-- Which kinds of entries a login may add. The sums are the trigger's business (posting_fits).
alter table entry enable row level security;
create policy entry_read on entry for select using (true);
create policy entry_gateway on entry for insert to gongji_gateway with check (
  origin = 'own' and actor_kind = 'institution'
  and (kind in ('settlement', 'cancellation', 'stay')
    or kind = 'adjustment' and exists (
      select from entry o where o.cause = entry.cause and o.kind = 'adjustment')));
create policy entry_console on entry for insert to gongji_console with check (
  origin = 'own' and actor_kind in ('staff', 'person') and command is not null
  and kind in ('adjustment', 'reimbursement', 'payout', 'transfer', 'inheritance', 'repayment',
    'deduction', 'recovery', 'clearing', 'payment', 'prepayment'));
create policy entry_jobs on entry for insert to gongji_jobs with check (
  origin = 'own' and actor_kind = 'job'
  and kind in ('credit', 'premium', 'interest', 'prepayment', 'payment', 'clearing',
    'contribution', 'budget'));
