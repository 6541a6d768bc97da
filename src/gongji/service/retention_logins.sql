-- The logins' keys to what is destroyed and corrected. Papers and the trail are deleted, and persons
-- corrected, by functions only, whose rights are those of the tables' owner and which look themselves
-- whether a command was approved; nobody else may call them.

grant select on destruction_proposal, destruction, destroyed_paper to
  gongji_console, gongji_jobs, gongji_backup;
grant insert on destruction to gongji_console, gongji_jobs;
grant insert on destruction_proposal to gongji_jobs;
grant select (id, command, retention) on evidence to gongji_jobs;
grant select on agency to gongji_jobs;
grant execute on function destroy_papers, destroy_looks to gongji_console;

-- What the nightly jobs do besides: the months of the trail, claims for what counters advanced.
grant execute on function make_trail_month to gongji_jobs;
grant select, insert on third_party_claim to gongji_jobs;
grant execute on function trail_hash to gongji_jobs;
grant select, insert on trail_seal to gongji_jobs;
grant select on trail_seal to gongji_backup;

grant select on person_correction to gongji_console, gongji_backup;
grant execute on function correct_particulars to gongji_console;
