-- The jobs make leads of what the trail flags.
grant select on rule_version, finding, lead, lead_finding to gongji_jobs;
grant insert on lead, lead_finding to gongji_jobs;
