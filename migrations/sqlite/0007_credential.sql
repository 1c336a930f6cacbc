-- Single-use credentials of approved actions. That one has expired is derived from its time.
create table credential (
  jti text primary key,
  request_id text not null,
  state text not null,           -- issued, redeemed, revoked
  issued_at bigint not null,
  body text not null             -- JSON: bindings, times, who redeemed it
) without rowid;
create index credential_request on credential (request_id, issued_at);

-- The keys that credentials and approvals are signed with. The first one signs at once; each later
-- one is published before it signs, and afterwards until nothing is alive that it has signed.
create table signing_key (
  generation bigint primary key, -- two replicas that make the next one at once make one
  kid text not null unique,      -- RFC 7638 thumbprint
  public text not null,          -- JWK
  signs_from bigint not null,
  key_id text not null,          -- hexadecimal: which key of the ring has sealed it
  sealed text not null           -- PKCS #8 in base64
) without rowid;

create trigger credential_is_final before update on credential
when old.state <> 'issued'
begin
  select raise(abort, 'a credential that was redeemed or revoked stays so');
end;
