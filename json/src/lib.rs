//! The one door for JSON from outside: the I-JSON gate, canonical JSON (RFC 8785) and
//! `params_hash`. The server and the stand-alone verifier share it, so it knows no network,
//! no runtime and no database.

pub mod canonical;
pub mod gate;
pub mod intake;
mod number;
pub mod refusal;
mod token;
