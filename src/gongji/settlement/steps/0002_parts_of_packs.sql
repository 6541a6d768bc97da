-- A pack is sold in parts: quantities have four decimals, as the interface gives them.
alter table fee_line rename column quantity_milli to quantity_e4;
alter table fee_line alter column quantity_e4 type bigint using quantity_e4 * 10;
comment on table fee_line is
  'One fee line as it was sent, and what it was split into; version: of the item that priced it; quantity in ten-thousandths of a unit, price in millionths of a yuan';
