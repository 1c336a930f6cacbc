-- What a decision can be found by, looked up by its key. The planner took the view apart and walked
-- through all requests for every decision; it looks into nothing that has an offset.
create or replace function decision_is_found() returns trigger language plpgsql as $$
begin
  insert into decision_term (kind, word, at, request_id)
  select w.kind, w.word, d.at, d.request_id
  from decided d
  cross join lateral (
    select 'approver' as kind, v.person as word from vote v where v.request_id = d.request_id
    union all
    select t.kind, j.value #>> '{}'
    from (
      select r.parts, r.rules, r.channels from request r where r.id = d.request_id offset 0
    ) r
    cross join lateral (
      values ('part', r.parts), ('rule', r.rules), ('channel', r.channels)
    ) t (kind, words)
    cross join lateral json_each(t.words) j
    offset 0
  ) w
  on conflict do nothing;
  return null;
end $$;
