//! The page: sends the browser to sign in, takes it back, and shows the code to type in chat. Nothing
//! on it decides anything.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::get,
};
use countersign_egress::Egress;
use countersign_port::{
    access::Identity,
    memory::Lost,
    page::{Notice, guarded},
    sign_in::{LinkCode, NoCode, SignIns},
};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::{
    issuer::{Issuer, NoSignIn},
    page,
    settings::{PATH, Settings},
    trip::Trips,
};

/// The provider of such accounts in the people file.
const PROVIDER: &str = "oidc";

/// So many browsers are seen to at once.
const PLACES: usize = 16;

/// What the page is made of.
#[derive(Debug)]
pub struct Parts {
    pub settings: Settings,
    pub egress: Egress,
    pub trips: Trips,
}

#[derive(Clone)]
struct Door {
    issuer: Arc<Issuer>,
    trips: Trips,
    sign_ins: Arc<dyn SignIns>,
    places: Arc<Semaphore>,
}

#[derive(Deserialize)]
struct Return {
    state: Option<String>,
    code: Option<String>,
    /// Who sends the browser back, where it says so (RFC 9207).
    iss: Option<String>,
}

/// `GET /link` and `GET /link/callback`.
pub fn routes(parts: Parts, sign_ins: Arc<dyn SignIns>) -> Router {
    let door = Door {
        issuer: Arc::new(Issuer::new(parts.settings, parts.egress)),
        trips: parts.trips,
        sign_ins,
        places: Arc::new(Semaphore::new(PLACES)),
    };
    // A look at the headers alone must not use up a sign-in.
    let not_head = || async { StatusCode::METHOD_NOT_ALLOWED };
    let router = Router::new()
        .route(PATH, get(begin).head(not_head))
        .route(&format!("{PATH}/callback"), get(finish).head(not_head))
        .with_state(door);
    guarded(router)
}

async fn begin(State(door): State<Door>) -> Response {
    match door.begin().await {
        Ok((url, cookie)) => page::onward(&url, &cookie),
        Err(why) => why.shown(),
    }
}

async fn finish(
    State(door): State<Door>,
    Query(back): Query<Return>,
    headers: HeaderMap,
) -> Response {
    match door.finish(&back, &headers).await {
        Ok(code) => page::code(&code),
        Err(why) => why.shown(),
    }
}

impl Door {
    /// Where to go, and the cookie to go with.
    async fn begin(&self) -> Result<(String, String), NoPage> {
        let _place = self.places.try_acquire().map_err(|_| NoPage::Crowded)?;
        let trip = self.trips.begin().await?;
        let url = self.issuer.way_there(&trip).await?;
        Ok((url.into(), trip.cookie()))
    }

    async fn finish(&self, back: &Return, headers: &HeaderMap) -> Result<LinkCode, NoPage> {
        let _place = self.places.try_acquire().map_err(|_| NoPage::Crowded)?;
        let state = back.state.as_deref().ok_or(NoPage::NotBegun)?;
        // INVARIANT: nothing else of the query is looked at before this.
        let trip = self.trips.finish(state, headers).await?.ok_or(NoPage::NotBegun)?;
        let issuer = &self.issuer.settings.issuer;
        if back.iss.as_ref().is_some_and(|sender| sender != issuer) {
            return Err(NoPage::OtherIssuer);
        }
        let code = back.code.as_deref().ok_or(NoPage::Cancelled)?;
        let subject = self.issuer.subject(code, &trip, self.trips.now.get()).await?;
        let account = Identity { provider: PROVIDER.to_owned(), tenant: issuer.clone(), subject };
        match self.sign_ins.signed_in(&account).await {
            Ok(code) => Ok(code),
            Err(NoCode::Nobody) => Err(NoPage::Nobody(account)),
            Err(NoCode::Barred) => Err(NoPage::Barred),
            Err(NoCode::Later) => Err(NoPage::Later),
        }
    }
}

/// Why no code is shown.
#[derive(Debug, thiserror::Error)]
enum NoPage {
    #[error("more browsers come at once than are seen to")]
    Crowded,
    #[error("the sign-in was not begun in this browser, took too long, or was finished already")]
    NotBegun,
    #[error("another issuer sent the browser back")]
    OtherIssuer,
    #[error("the identity provider gave no code")]
    Cancelled,
    #[error(transparent)]
    NoSignIn(#[from] NoSignIn),
    #[error("nobody is declared with the sign-in")]
    Nobody(Identity),
    #[error("the person is switched off")]
    Barred,
    #[error("it could not be written down")]
    Later,
    #[error(transparent)]
    Lost(#[from] Lost),
}

impl NoPage {
    fn shown(self) -> Response {
        tracing::warn!(why = %self, "nobody was given a code to link an account with");
        let notice = match self {
            Self::Crowded | Self::Later | Self::Lost(_) => LATER,
            Self::NotBegun | Self::OtherIssuer => NOT_BEGUN,
            Self::Cancelled => CANCELLED,
            Self::NoSignIn(_) => NO_SIGN_IN,
            Self::Nobody(Identity { tenant, subject, .. }) => {
                return page::nobody(&tenant, &subject);
            }
            Self::Barred => BARRED,
        };
        page::notice(notice)
    }
}

const LATER: Notice = Notice {
    status: StatusCode::SERVICE_UNAVAILABLE,
    title: "One moment",
    text: "This cannot be done just now. Nothing was linked. Try again in a minute.",
};

const NOT_BEGUN: Notice = Notice {
    status: StatusCode::BAD_REQUEST,
    title: "Start again",
    text: "This sign-in was not begun in this browser, took too long, or was finished already. Nothing was linked.",
};

const CANCELLED: Notice = Notice {
    status: StatusCode::BAD_REQUEST,
    title: "Not signed in",
    text: "Your identity provider did not let you sign in. Nothing was linked.",
};

const NO_SIGN_IN: Notice = Notice {
    status: StatusCode::BAD_GATEWAY,
    title: "Sign-in failed",
    text: "What your identity provider said is not believed, or it could not be asked. Nothing was linked. Try again; if it stays so, tell whoever runs Countersign.",
};

const BARRED: Notice = Notice {
    status: StatusCode::FORBIDDEN,
    title: "Switched off",
    text: "Your account was switched off. Nothing was linked.",
};
