//! What a resource server needs to act on an approval: verify the single-use credential that came
//! with a call, compare it with the call, and spend it. The service signs with the same types.
//!
//! ```no_run
//! # #[cfg(feature = "online")]
//! # async fn act(verifier: countersign_verify::verifier::Verifier, token: &str, body: &[u8], now: i64)
//! #     -> Result<(), Box<dyn std::error::Error>> {
//! use countersign_verify::{call::Call, hash, online::Service};
//!
//! let service = Service::new("https://countersign.example", "cs_api_…", reqwest::Client::new());
//! let asked = hash::asked(body)?; // parsed once: what is hashed is what is executed
//! let call = Call { subject: "ana", client_id: "crm", sid: Some("s-1"), ath: None, key: None };
//! let params_hash = asked.params_hash()?;
//! verifier.verify(token, &call, &params_hash, now)?;
//! service.redeem(token, &call, &params_hash, "call-1").await?;
//! # Ok(()) }
//! ```
//!
//! Online, a credential works once, wherever it is presented. Offline ([`spent`]) it works once in
//! each store, cannot be revoked, and the service does not hear of it.

pub mod call;
pub mod claims;
pub mod hash;
pub mod jws;
pub mod keys;
#[cfg(feature = "online")]
pub mod online;
pub mod refusal;
pub mod spent;
pub mod verifier;
