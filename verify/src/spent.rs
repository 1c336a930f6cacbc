//! Single use without the service: a resource server remembers what was spent there. Weaker than
//! redeeming: once for each store, no revocation, and no entry in the audit log.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use crate::{claims::Credential, refusal::Refused, verifier::SKEW_S};

/// The ids of credentials that were spent in this process, until they have expired. Several
/// processes need a store that they share: insert `jti` where it is a primary key.
#[derive(Debug, Default)]
pub struct Spent(Mutex<HashMap<String, i64>>);

impl Spent {
    /// Spends a verified credential, once.
    pub fn spend(&self, credential: &Credential, now: i64) -> Result<(), Refused> {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.retain(|_, until| *until > now);
        let until = credential.exp.saturating_add(SKEW_S);
        match spent.insert(credential.jti.clone(), until) {
            None => Ok(()),
            Some(_) => Err(Refused::Spent),
        }
    }
}
