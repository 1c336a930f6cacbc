-- Accounts that were linked to people by a one-time code, and the codes that are open. Links that
-- were ended are gone; what was linked and ended stands in people_change.
create table account_link (
  provider text not null,
  tenant text not null,
  subject text not null,
  person text not null,          -- the key
  level text not null,           -- declared: an operator has said whose it is
  made_by text not null,
  made_at bigint not null,
  primary key (provider, tenant, subject)
) without rowid;

-- Of a code only a hash is kept. One account has one at most.
create table link_code (
  provider text not null,
  tenant text not null,
  subject text not null,
  handle text not null unique,   -- its first letters, by which it is found
  sha256 text not null,          -- of all of it, in hexadecimal
  wrong bigint not null,         -- how often it was tried in vain
  expires_at bigint not null,
  primary key (provider, tenant, subject)
) without rowid;
