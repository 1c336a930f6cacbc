-- Which policy was in force since when, and what was refused. Every process writes its own lines.
create table law_change (
  id text primary key,
  at bigint not null,
  result text not null,          -- in_force, refused
  policy_sha256 text not null,   -- of the policy that came into force, or that stayed
  body text not null             -- canonical JSON: digests, what changed, what was wrong
);
create index law_change_at on law_change (at, id);

create function law_change_is_kept() returns trigger language plpgsql as $$
begin
  raise exception 'changes of the law are never deleted';
end $$;
create trigger law_change_is_kept before delete on law_change
  for each row execute function law_change_is_kept();
create function law_change_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'changes of the law are never changed';
end $$;
create trigger law_change_is_final before update on law_change
  for each row execute function law_change_is_final();
