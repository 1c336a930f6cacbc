-- What a decision can be found by, beside its client, its subject and its status. A page is then
-- one walk along a key, newest first, however many decisions there are.
create table decision_term (
  kind text not null,            -- approver, part, rule, channel
  word text not null,
  at bigint not null,            -- when it was decided
  request_id text not null,
  primary key (kind, word, at, request_id)
);

-- The terms of every decision; the same one may come twice.
create view decision_word (kind, word, at, request_id) as
  select 'approver', v.person, o.at, o.request_id
  from outcome o join vote v on v.request_id = o.request_id
  union all select 'part', j.value #>> '{}', o.at, o.request_id
  from outcome o join request r on r.id = o.request_id, json_each(r.parts) j
  union all select 'rule', j.value #>> '{}', o.at, o.request_id
  from outcome o join request r on r.id = o.request_id, json_each(r.rules) j
  union all select 'channel', j.value #>> '{}', o.at, o.request_id
  from outcome o join request r on r.id = o.request_id, json_each(r.channels) j;

-- Lateral, so that the terms of each decision are looked up by its key.
create function decision_is_found() returns trigger language plpgsql as $$
begin
  insert into decision_term (kind, word, at, request_id)
  select w.kind, w.word, w.at, w.request_id
  from decided d
  cross join lateral (
    select v.kind, v.word, v.at, v.request_id from decision_word v
    where v.request_id = d.request_id
  ) w
  on conflict do nothing;
  return null;
end $$;
create trigger decision_is_found after insert on outcome
  referencing new table as decided
  for each statement execute function decision_is_found();

insert into decision_term (kind, word, at, request_id)
select w.kind, w.word, w.at, w.request_id from decision_word w where true
on conflict do nothing;

create index outcome_status on outcome (status, at, request_id);
create index request_client on request (client, settled_at, id) where settled_at is not null;
create index request_subject on request (subject, settled_at, id) where settled_at is not null;
create index entry_kind on entry (kind, at, id);
create index entry_actor on entry (actor, at, id);
