-- What institutions did on a day, as each seal took it: whoever asks what one is owed adds up days
-- and what no seal has taken yet, not every settlement that there ever was.
create table sealed_day (
  area text not null,
  seal bigint not null,
  institution text not null,
  accounting_date date not null,
  benefit text not null,
  settlements bigint not null,
  total_fen bigint not null,
  pool_fen bigint not null,
  supplements_fen bigint not null,
  account_fen bigint not null,
  cash_fen bigint not null,
  borne_fen bigint not null,
  owed_fen bigint not null,
  primary key (institution, accounting_date, benefit, area, seal)
);
comment on table sealed_day is
  'Sums of the settlements that a seal took, cancellations taken off, by institution, day and benefit; account_fen: own and family accounts; owed_fen: what funds and accounts paid';
create trigger sealed_day_kept before update or delete or truncate on sealed_day
  for each statement execute function added_only();

-- What no seal has taken: by area, in the order of transactions.
create index entry_unsealed on entry (area, xact, institution);

create function sum_sealed_days(of_area text, of_seal bigint) returns bigint language sql as $$
  with made as (
    insert into sealed_day (area, seal, institution, accounting_date, benefit, settlements,
      total_fen, pool_fen, supplements_fen, account_fen, cash_fen, borne_fen, owed_fen)
    select l.area, l.number, e.institution, e.accounting_date, s.benefit,
      sum(case e.kind when 'settlement' then 1 else -1 end), sum(s.total_fen), sum(s.pool_fen),
      sum(s.supplements_fen), sum(s.account_fen + s.family_fen), sum(s.cash_fen),
      sum(s.borne_fen), sum(s.total_fen - s.cash_fen - s.borne_fen)
    from seal l join sealed d on d.area = l.area and d.number between l.first and l.last
    join entry e on e.id = d.entry join settlement s on s.entry = e.id
    where l.area = of_area and l.number = of_seal and e.kind in ('settlement', 'cancellation')
    group by 1, 2, 3, 4, 5 returning 1)
  select count(*) from made
$$;
select sum_sealed_days(area, number) from seal;
