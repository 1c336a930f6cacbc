-- What an approval was given for, as a hash without what an approver may leave out. Those from
-- before have none: what they were given for is asked for once more.
alter table approval add column frame text;
create index approval_frame on approval (frame, request_id) where frame is not null;
