-- What a press was answered: null where it counted, else JSON: why it did not. Of those before, nobody
-- knows.
alter table replay add column refused text;
update replay set refused = '"unavailable"' where id like 'press/%';
