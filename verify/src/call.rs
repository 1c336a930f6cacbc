//! The call that a credential came with, as the resource server knows it from the base token that it
//! has validated already.

use crate::{
    claims::{Confirmation, Credential},
    refusal::Refused,
};

/// Who calls, in which session, with which token and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'a> {
    pub subject: &'a str,
    pub client_id: &'a str,
    pub sid: Option<&'a str>,
    /// SHA-256 of the base token, in base64url.
    pub ath: Option<&'a str>,
    /// The thumbprint of the key or certificate that the caller has proven.
    pub key: Option<&'a str>,
}

impl Call<'_> {
    /// Whether a credential was issued for this call.
    pub fn fits(&self, credential: &Credential) -> Result<(), Refused> {
        let key = credential.cnf.as_ref().map(Confirmation::thumbprint);
        let bound = [
            (credential.sid.as_deref(), self.sid, Refused::Session),
            (credential.ath.as_deref(), self.ath, Refused::AccessToken),
            (key, self.key, Refused::Confirmation),
        ];
        if credential.sub != self.subject {
            return Err(Refused::Subject);
        }
        if credential.client_id != self.client_id {
            return Err(Refused::Client);
        }
        // A credential that is bound to nothing is none of ours.
        if bound.iter().all(|(wanted, ..)| wanted.is_none()) {
            return Err(Refused::Claims);
        }
        let other = bound.iter().find(|(wanted, own, _)| wanted.is_some() && wanted != own);
        other.map_or(Ok(()), |(.., why)| Err(*why))
    }
}
