-- The rule by which what a report showed is a finding; what it showed stands in the command.
insert into rule_version (rule, since, state, hash, content) values
  ('监管报告', '2021-05-01', 'live', 'report 1', '{"grounds": ["国务院令第735号"]}');
