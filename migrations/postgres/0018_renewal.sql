-- Whoever asked may ask again for what came to nothing.
alter table request add column renewed_by text;   -- the request that asks for the same again
