//! Whether people could sign in: asks the identity provider how it describes itself, and sends nobody
//! there.

use countersign_egress::Egress;
use countersign_port::finding::{Finding, Fix};

use crate::{issuer::Issuer, settings::Settings};

/// Looks at the identity provider.
pub async fn examine(settings: &Settings, egress: &Egress) -> Finding {
    let what = format!("sign-in at {}", settings.issuer);
    let back = settings.redirect_uri();
    let issuer = Issuer::new(settings.clone(), egress.clone());
    match issuer.discover().await {
        Ok(_) => Finding::good(what, format!("it can be asked; it has to allow {back}")),
        Err(why) => {
            let means = format!("nobody can link their account by signing in: {why}");
            let how =
                "open `.well-known/openid-configuration` below the issuer from this machine, and \
                write `sign_in.issuer` to the letter as it stands there"
                    .to_owned();
            Finding::bad(what, means, Fix { who: "an operator", how, page: "sign-in" })
        }
    }
}
