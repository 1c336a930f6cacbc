-- What adapters keep: installations with their tokens, sealed. Their marks and leases are replays.
create table adapter_record (
  name text primary key,         -- adapter, colon, the adapter's own name
  version bigint not null,       -- raised by every write
  key_id text not null,          -- hexadecimal: which key of the ring has sealed it
  sealed text not null
) without rowid;
