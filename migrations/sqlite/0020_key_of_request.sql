-- The keys of old requests are found without a look at those of new ones.
create index idempotency_request on idempotency (request_id);
