-- Reviews that are owed for what was granted in an emergency. Beside the outcome, which they never
-- change; when one comes due stands in `request.next_at` like everything else.
create table review (
  request_id text not null,
  item bigint not null,
  state text not null,           -- owed, overdue, justified, not_justified
  due_at bigint not null,
  body text not null,            -- JSON: by whom, until when, and what they said
  primary key (request_id, item)
) without rowid;
create index review_open on review (due_at) where state in ('owed', 'overdue');

create trigger review_is_kept before delete on review
begin
  select raise(abort, 'a review is never deleted');
end;
create trigger review_is_final before update on review
when old.state in ('justified', 'not_justified')
begin
  select raise(abort, 'a review that was signed off stays so');
end;
