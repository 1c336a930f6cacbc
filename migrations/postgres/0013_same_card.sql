-- Requests that ask for the very same share one card and are answered by one decision.
alter table request add column same text;      -- a digest of what it asks of whom, where others may share its card
alter table request add column card_of text;   -- the request whose card it shares
alter table request add column asked_again bigint not null default 0;  -- how many have shared its card
create unique index request_same on request (same) where same is not null and settled_at is null;
create index request_card_of on request (card_of) where card_of is not null and settled_at is null;
