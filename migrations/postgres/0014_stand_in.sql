-- Who decides for whom while they are away. What was arranged and ended stands in people_change.
create table stand_in (
  id text primary key,
  away text not null,            -- keys of people
  delegate text not null,
  from_at bigint not null,
  until_at bigint not null,      -- exclusive
  state text not null,           -- arranged, ended
  arranged_at bigint not null
);
create index stand_in_arranged on stand_in (id) where state = 'arranged';
