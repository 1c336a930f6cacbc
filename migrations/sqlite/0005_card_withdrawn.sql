-- A card that was taken back from its channel says so and is never drawn again: shared, removed,
-- refused. Null while it counts.
alter table outbox add column withdrawn text;
