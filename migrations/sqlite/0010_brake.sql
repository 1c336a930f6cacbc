-- What guardrails count, to hold a client back: denials of the same thing, and requests of a client.
-- Forgotten when it is older than any guardrail can look back.
create table brake (
  what text not null,            -- denied/ and a digest of the thing, asked/ and client and guardrail
  at bigint not null,
  request_id text not null,
  primary key (what, at, request_id)
) without rowid;
create index brake_at on brake (at);
