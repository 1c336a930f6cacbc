-- What providers tell of people and groups (SCIM). Of who was taken away enough is kept to know
-- them again.
create table scim_resource (
  id text primary key,
  source text not null,          -- the provider, as the configuration names it
  kind text not null,            -- User, Group
  name text not null,            -- userName or displayName, in small letters
  external_id text,
  state text not null,           -- active, inactive, deleted
  body text not null,            -- canonical JSON: what is given back, without the members
  created_at bigint not null,
  updated_at bigint not null
) without rowid;
create unique index scim_resource_name on scim_resource (source, kind, name)
  where state <> 'deleted';
create index scim_resource_external on scim_resource (source, kind, external_id);

create table scim_member (
  group_id text not null,
  user_id text not null,
  primary key (group_id, user_id)
) without rowid;
create index scim_member_user on scim_member (user_id);

-- What was changed, by whom. Ids alone: people may leave, and the history stays.
create table people_change (
  id text primary key,
  at bigint not null,
  actor text not null,           -- the provider, or the person
  what text not null,
  subject text not null,         -- the id of the user or group, or the key of the person
  body text not null             -- canonical JSON
) without rowid;
create index people_change_at on people_change (at, id);

create trigger people_change_is_kept before delete on people_change
begin
  select raise(abort, 'changes of people are never deleted');
end;
create trigger people_change_is_final before update on people_change
begin
  select raise(abort, 'changes of people are never changed');
end;

insert into mark (name, value) values ('people', 0);
