//! The connections with the keys of their realms.

use std::{collections::HashMap, sync::Arc};

use countersign_egress::{Egress, hint::Hint, jwks::Jwks};
use jiff::Timestamp;

use crate::{
    bearer::{self, Claims, Mistrust},
    settings::{Connection, Realm},
};

/// A connection, ready to be spoken to.
#[derive(Debug)]
pub(crate) struct Known {
    pub connection: Connection,
    realms: HashMap<String, (Realm, Jwks)>,
}

impl Known {
    pub(crate) fn new(connection: Connection, egress: &Egress) -> Self {
        let algorithm = connection.algorithm;
        let with_keys = |realm: &Realm| {
            let keys = Jwks::fetched(realm.keys(), algorithm, egress.clone());
            (realm.issuer.clone(), (realm.clone(), keys))
        };
        let realms = connection.realms.iter().map(with_keys).collect();
        Self { connection, realms }
    }

    /// The realm of an issuer, if it is one of these.
    pub(crate) fn realm(&self, issuer: &str) -> Option<&Realm> {
        self.realms.get(issuer).map(|(realm, _)| realm)
    }

    /// The realm that has signed a token for itself, and what the token says.
    pub(crate) async fn verify(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(&Realm, Claims), Mistrust> {
        let hint = Hint::of(token)?;
        let (realm, keys) = self.realms.get(&hint.issuer).ok_or(Mistrust::Issuer)?;
        let key = keys.key(&hint.kid).await.ok_or(Mistrust::UnknownKey)?;
        let algorithm = self.connection.algorithm;
        Ok((realm, bearer::verify(token, &realm.issuer, algorithm, &key, now)?))
    }
}

/// The connections by name.
pub(crate) type Connections = Arc<HashMap<String, Known>>;
