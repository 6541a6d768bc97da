-- The rule by which a flag of the trail is a finding.
insert into rule_version (rule, since, state, hash, content) values
  ('读取证件异常', '2021-11-01', 'live', 'certificates 1',
   '{"grounds": ["《个人信息保护法》 第二十八条", "国务院令第735号 第三十二条"]}');
