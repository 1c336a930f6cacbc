-- Decisions that a server has handed over and waits for. A row is here while it can be answered: it
-- goes with its bearer, whoever holds which can approve.
create table delegation (
  id text primary key,           -- that of the answer in the outbox, once there is one
  request_id text not null,
  body text not null,            -- JSON: connection, issuer, scopes, times
  state text not null,           -- waiting; sending, written before the first byte of the answer
  expires_at bigint not null,
  key_id text not null,          -- hexadecimal: which key of the ring has sealed it
  sealed text not null           -- the bearer
) without rowid;
create index delegation_request on delegation (request_id);
create index delegation_expired on delegation (expires_at);

-- What was given up, and what may or may not have arrived and is not sent again.
drop index outbox_dead;
create index outbox_dead on outbox (created_at) where state in ('dead', 'unknown');
