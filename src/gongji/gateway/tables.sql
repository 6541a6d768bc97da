-- What the interface itself keeps: who signed in, files to be fetched, nonces of signatures.

create table sign_in (
  sign_no text primary key,
  institution text not null,
  operator text not null,
  signed_in_at timestamptz not null,
  signed_out_at timestamptz
);

create table file_ticket (
  number text primary key,
  institution text not null,
  name text not null,
  content bytea not null,
  made_at timestamptz not null default statement_timestamp(),
  expires_at timestamptz not null
);

-- Used once over all gateways; unlogged, since they are kept for minutes.
create unlogged table nonce (
  access_key text not null,
  nonce text not null,
  digest bytea,
  seen_at timestamptz not null default now(),
  primary key (access_key, nonce)
);
create index nonce_seen on nonce (seen_at);

-- Whose certificate an institution has read: for a while it may ask about that person.
create table certificate_shown (
  institution text not null,
  person bigint not null references person,
  shown_at timestamptz not null,
  primary key (institution, person)
);
create index certificate_shown_at on certificate_shown (institution, shown_at);
