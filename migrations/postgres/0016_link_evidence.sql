-- What the level of a link rests on: how it was shown whose the account is. A level is declared,
-- proven (by a sign-in and a code) or email, which only proposes.
alter table account_link add column evidence text not null default '{}'; -- canonical JSON
