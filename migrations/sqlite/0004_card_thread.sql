-- A card has a thread that tells its story: the last entry of the log that it tells.
alter table outbox add column told bigint not null default 0;
