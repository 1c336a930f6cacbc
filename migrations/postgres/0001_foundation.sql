-- The same tables as on SQLite, with two functions that make one SQL text serve both.

-- Rows travel as one JSON array. Not strict, or it would not be inlined; jsonb, or it would be slow.
create function json_each(text) returns table(value jsonb)
  language sql immutable parallel safe
  as $$ select * from pg_catalog.jsonb_array_elements($1::jsonb) $$;

-- Times are UTC microseconds since 1970. Flags are states. Nothing is ever deleted but keys,
-- replays and leases that have run out.

create table request (
  id text primary key,
  client text not null,
  subject text not null,
  rules text not null,           -- JSON: the rules that decided, for the history
  parts text not null,           -- JSON: raw scopes, actions and detail types
  channels text not null,        -- JSON: names of the channels that are asked
  body text not null,            -- canonical JSON: the request as accepted
  plans text not null,           -- canonical JSON: one frozen plan for each item
  number bigint not null,
  opened_at bigint not null,
  version bigint not null,       -- raised by every change that people see
  seq bigint not null,           -- entries of the audit log about it
  sequence bigint not null,      -- events called back for it
  next_at bigint,                -- when something comes due by itself
  settled_at bigint,             -- a copy of outcome.at, so that what is pending can be indexed
  told_at bigint
);
create index request_due on request (next_at) where next_at is not null;
create index request_pending on request (client) where settled_at is null;

create table idempotency (
  client text not null,
  key text not null,
  request_id text not null,
  body_sha256 text not null,
  primary key (client, key)
);

create table vote (
  request_id text not null,
  item bigint not null,
  person text not null,
  body text not null,            -- JSON: the vote as counted
  cast_at bigint not null,
  primary key (request_id, item, person)
);
create index vote_person on vote (person, cast_at);

create table wrong_number (
  request_id text not null,
  person text not null,
  tries bigint not null,
  primary key (request_id, person)
);

create table outcome (
  request_id text primary key,
  status text not null,
  at bigint not null,
  body text not null             -- JSON: how each item ended
);
create index outcome_at on outcome (at, request_id);

create table approval (
  request_id text primary key,
  id text not null unique,
  status text not null,
  body text not null
);

create table entry (
  id text primary key,
  request_id text not null,
  seq bigint not null,
  at bigint not null,
  kind text not null,
  actor text not null,
  leaf text not null,            -- canonical JSON: what the Merkle tree proves
  payload text,                  -- canonical JSON: what may be erased; empty where it is plans and
                                 -- body of the request
  salt text,                     -- hexadecimal
  position bigint,               -- the leaf's index in the tree, once sequenced
  unique (request_id, seq)
);
create index entry_at on entry (at, id);
create unique index entry_position on entry (position) where position is not null;

create table outbox (
  id text primary key,
  kind text not null,            -- card or callback
  request_id text not null,
  item bigint not null,
  lane text not null,            -- what is paced and leased together: a channel, an endpoint
  target text not null,          -- platform of a card, client of a callback
  address text not null,         -- channel of a card, endpoint of a callback
  sequence bigint not null,      -- order of the callbacks of a request
  body text not null,            -- bytes of a callback
  secret text not null,          -- key of a card's buttons, hexadecimal
  want bigint not null,          -- a card must show this version
  shown bigint not null,         -- and shows this one
  message text,                  -- where the card was posted
  state text not null,           -- due, done, dead
  due_at bigint not null,        -- when it is to be sent; while it is sent, when its lease ends
  fence bigint not null,
  attempt bigint not null,
  created_at bigint not null,
  error text
);
create index outbox_due on outbox (lane, due_at) where state = 'due';
create index outbox_request on outbox (request_id, kind, sequence);
create index outbox_dead on outbox (created_at) where state = 'dead';

create table replay (
  id text primary key,
  expires_at bigint not null
);
create index replay_expired on replay (expires_at);

create table endpoint (
  address text primary key,
  disabled_at bigint not null,
  why text not null
);

create table mark (
  name text primary key,
  value bigint not null
);
insert into mark (name, value) values ('high_water', 0);

-- The log only ever grows; erasing a payload is the one change that a row may see.
create function entry_is_kept() returns trigger language plpgsql as $$
begin
  raise exception 'entries of the audit log are never deleted';
end $$;
create trigger entry_is_kept before delete on entry
  for each row execute function entry_is_kept();
create function entry_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'entries of the audit log are never changed';
end $$;
create trigger entry_is_final before update on entry
  for each row
  when (new.id <> old.id or new.request_id <> old.request_id or new.seq <> old.seq
    or new.at <> old.at or new.kind <> old.kind or new.actor <> old.actor or new.leaf <> old.leaf)
  execute function entry_is_final();
create function outcome_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'an outcome is never changed';
end $$;
create trigger outcome_is_final before update on outcome
  for each row execute function outcome_is_final();
