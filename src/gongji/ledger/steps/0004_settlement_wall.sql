drop trigger adjustment_taken_back on settlement;
drop function adjustment_taken_back();

-- Whether what was adjusted of a settlement comes to nothing.
create function adjustments_cancel_out(cause bigint) returns boolean language sql stable as $$
  select (sum(s.pool_fen), sum(s.supplements_fen), sum(s.owed_fen), sum(s.deductible_fen))
    = (0, 0, 0, 0)
  from entry o join settlement s on s.entry = o.id
  where o.cause = adjustments_cancel_out.cause and o.kind = 'adjustment'
$$;

-- A settlement stands beside an entry of the same transaction. An institution corrects nothing: an
-- adjustment of its own only takes earlier ones back whole, with the settlement that it cancels.
-- Each entry is looked up by its key ("limit 1"), whatever the planner thinks of a table that grows.
create or replace function settlement_of_entry() returns trigger language plpgsql as $$
declare wrong record;
begin
  select a.entry, a.wall into wrong from (
    select s.entry, case
        when e.settles is not true then 'settlement_of_entry'
        when e.kind = 'adjustment' and e.actor_kind = 'institution'
          and not adjustments_cancel_out(e.cause) then 'adjustment_taken_back'
      end as wall
    from added s
    left join lateral (
      select k.settles, o.kind, o.actor_kind, o.cause
      from entry o join entry_kind k on k.kind = o.kind
      where o.id = s.entry and o.xact = pg_current_xact_id() limit 1) e on true) a
  where a.wall is not null limit 1;
  if found then
    raise exception '%', format(case wrong.wall
        when 'settlement_of_entry' then '结算 %s 没有同一事务中的结算分录'
        else '调整 %s 没有把此前的调整全部收回' end, wrong.entry)
      using errcode = 'check_violation', constraint = wrong.wall;
  end if;
  return null;
end $$;
