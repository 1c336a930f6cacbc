//! Whether a credential is good for a call. Pure: keys and time are arguments.

use crate::{
    call::Call,
    claims::{ACTION, APPROVAL, ApprovalState, CREDENTIAL, Credential},
    jws,
    keys::Keys,
    refusal::Refused,
};

/// How far clocks may be apart, in seconds.
pub const SKEW_S: i64 = 30;

/// The longest life of a credential, in seconds.
pub const LONGEST_S: i64 = 300;

const PARAMS_HASH_ALG: &str = countersign_json::canonical::PARAMS_HASH_ALG;

/// Judges tokens of one issuer that are meant for one audience.
#[derive(Debug, Clone)]
pub struct Verifier {
    pub issuer: String,
    pub audience: String,
    pub keys: Keys,
}

impl Verifier {
    /// Verifies a credential against the call that it came with and the hash of what is about to be
    /// executed. It is not spent yet: redeem it, or spend it. `now` is in seconds since 1970.
    pub fn verify(
        &self,
        token: &str,
        call: &Call<'_>,
        params_hash: &str,
        now: i64,
    ) -> Result<Credential, Refused> {
        let credential: Credential = jws::open(token, CREDENTIAL, &self.keys)?;
        self.is_ours(&credential.iss, &credential.aud)?;
        check_time(credential.iat, credential.exp, now)?;
        if credential.exp.saturating_sub(credential.iat) > LONGEST_S {
            return Err(Refused::Lifetime);
        }
        call.fits(&credential)?;
        let [detail] = &credential.authorization_details;
        let [location] = &detail.locations;
        if detail.kind != ACTION
            || detail.params_hash_alg != PARAMS_HASH_ALG
            || *location != credential.aud
        {
            return Err(Refused::Claims);
        }
        if detail.params_hash != params_hash {
            return Err(Refused::Parameters);
        }
        Ok(credential)
    }

    /// Verifies `approval.state`; the audience is the client that asked.
    pub fn approval(&self, state: &str, now: i64) -> Result<ApprovalState, Refused> {
        let state: ApprovalState = jws::open(state, APPROVAL, &self.keys)?;
        self.is_ours(&state.iss, &state.aud)?;
        check_time(state.iat, state.exp, now)?;
        Ok(state)
    }

    fn is_ours(&self, issuer: &str, audience: &str) -> Result<(), Refused> {
        if issuer != self.issuer {
            return Err(Refused::Issuer);
        }
        if audience != self.audience {
            return Err(Refused::Audience);
        }
        Ok(())
    }
}

fn check_time(iat: i64, exp: i64, now: i64) -> Result<(), Refused> {
    if exp.saturating_add(SKEW_S) <= now {
        return Err(Refused::Expired);
    }
    if iat.saturating_sub(SKEW_S) > now {
        return Err(Refused::Lifetime);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
