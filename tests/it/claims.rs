//! Groups and roles in a token of an identity provider: believed whoever passes it on, if it is
//! about the subject and says all that it should.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData};
use serde_json::{Value, json};

use crate::{
    directory::books::Books,
    office::{Office, START, Site, demo_sources, tell_in},
};

const ISSUER: &str = "https://sso.example.com";

/// Contractors, by the word of the identity provider, get nothing in production; whoever has the
/// role of a reader may read.
fn site(books: &Books) -> Site {
    Site {
        sources: || {
            let mut sources = demo_sources();
            sources.policy.text = sources.policy.text.replace(
                "guardrails:\n",
                "groups:\n  contractors: { idp_claim: \"team:contractors\" }\n  \
                 readers: { idp_claim: \"role:reader\" }\n\nguardrails:\n  \
                 - name: contractors stay out\n    if: { access: write, requester.group: contractors }\n    \
                 refuse: Contractors change nothing.\n",
            );
            sources
        },
        more: format!(
            "issuers:\n  - issuer: {ISSUER}\n    jwks_uri: \"{}/jwks\"\n    algorithm: EdDSA\n    \
             subject_tokens: {{ audience: [portal, app], groups_claim: groups, roles_claim: realm.roles }}",
            books.url
        ),
        ..Site::default()
    }
}

/// An identity provider with one key.
struct Provider(KeyPair);

impl Provider {
    fn open(books: &Books) -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let x = URL_SAFE_NO_PAD.encode(key.der_bytes());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k1", "use": "sig" });
        books.answer("/jwks", json!({ "keys": [jwk] }));
        Self(key)
    }

    /// A good token about Dana, with some claims replaced.
    fn token(&self, claims: &Value) -> String {
        let now = START.parse::<jiff::Timestamp>().unwrap().as_second();
        let mut all = json!({
            "iss": ISSUER, "aud": "portal", "sub": "dana", "exp": now + 300, "iat": now,
            "groups": ["team:shop"], "realm": { "roles": ["reader"] },
        });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &all, &EncodingKey::from_ed_der(&self.0.serialize_der())).unwrap()
    }
}

async fn ask(office: &Office, token: Option<&str>) -> (u16, Value) {
    let mut body = crate::office::write_prod();
    if let Some(token) = token {
        body["subject_token"] = token.into();
    }
    let answer = office.ask(&body).await;
    office.settle().await;
    (answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_identity_provider_has_signed_is_believed_whoever_passes_it_on() {
    let books = Books::start().await;
    tell_in(&site(&books), |office| {
        let books = books.clone();
        async move {
            let provider = Provider::open(&books);
            // Of whom nothing is said it cannot be said that they are no contractor.
            let (status, body) = ask(&office, None).await;
            assert_eq!((status, &body["detail"]), (403, &json!("Contractors change nothing.")));
            let (status, body) = ask(&office, Some(&provider.token(&json!({})))).await;
            assert_eq!(status, 202, "{body}");
            let contractor =
                provider.token(&json!({ "groups": ["team:shop", "team:contractors"] }));
            assert_eq!(ask(&office, Some(&contractor)).await.0, 403);
            // The token itself is kept nowhere.
            let id = body["task"]["id"].as_str().unwrap().parse().unwrap();
            let mut connection = office.store().read.acquire().await.unwrap();
            let view = countersign::store::load::read_one(&mut connection, &id).await.unwrap();
            let kept = serde_json::to_value(&*view.unwrap().request).unwrap();
            drop(connection);
            assert_eq!(kept["subject"]["groups"], json!(["team:shop"]));
            assert_eq!(kept["subject"]["proven"], json!(["groups", "roles"]));
            assert!(!kept.to_string().contains("eyJ"), "{kept}");
            // What was signed then is not believed for ever: nobody asks again on it.
            office.advance(SignedDuration::from_mins(31)).await;
            let card = office.newest("shop-approvals");
            let last = card.progress.last().unwrap().line.plain();
            assert!(last.ends_with("has to vouch anew for groups and roles: start anew there"));
            assert!(card.actions.is_empty());
            office
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_wholly_good_is_refused() {
    let books = Books::start().await;
    tell_in(&site(&books), |office| {
        let books = books.clone();
        async move {
            let provider = Provider::open(&books);
            let stranger = Provider(KeyPair::generate_for(&PKCS_ED25519).unwrap());
            let about = "the `subject_token` is about somebody else than `subject.id`";
            let bad = "the `subject_token` is not accepted";
            for (token, why) in [
                (provider.token(&json!({ "sub": "erin" })), about),
                (provider.token(&json!({ "sub": 7 })), bad),
                (provider.token(&json!({ "aud": "https://countersign.example" })), bad),
                (provider.token(&json!({ "iss": "https://other.example.com" })), bad),
                (provider.token(&json!({ "exp": 1 })), bad),
                (provider.token(&json!({ "groups": null })), bad),
                (provider.token(&json!({ "groups": ["a", 1] })), bad),
                (provider.token(&json!({ "realm": {} })), bad),
                (stranger.token(&json!({})), bad),
                ("nothing".to_owned(), bad),
            ] {
                let (status, body) = ask(&office, Some(&token)).await;
                assert_eq!(status, 403, "{body}");
                assert_eq!(body["type"], "urn:countersign:error:forbidden_claim");
                assert!(body["detail"].as_str().unwrap().starts_with(why), "{body}");
            }
            // Claims of the client beside it would be a second word about the same thing.
            let mut both = crate::office::write_prod();
            both["subject_token"] = provider.token(&json!({})).into();
            both["subject"]["properties"] = json!({ "roles": ["reader"] });
            assert_eq!(office.ask(&both).await.status, 400);
            let good = provider.token(&json!({ "aud": ["app", "other"] }));
            assert_eq!(ask(&office, Some(&good)).await.0, 202);
            office.advance(SignedDuration::from_mins(6)).await;
            assert_eq!(ask(&office, Some(&good)).await.0, 403, "it has expired");
            office
        }
    })
    .await;
}

/// Who changes something must have signed in strongly, within five minutes; contractors may not at
/// all.
fn strict(books: &Books) -> Site {
    let sources = || {
        let mut sources = demo_sources();
        sources.policy.text = sources.policy.text.replace(
            "guardrails:\n",
            "guardrails:\n  - name: sign in anew\n    if: { access: write }\n    \
             step_up: { acr: [gold, platinum], max_age: 5m }\n",
        );
        sources
    };
    let more = format!(
        "issuers:\n  - issuer: {ISSUER}\n    jwks_uri: \"{}/jwks\"\n    algorithm: EdDSA\n    \
         subject_tokens: {{ audience: [portal, app] }}",
        books.url
    );
    Site { sources, more, ..Site::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_signed_in_well_enough_is_sent_back_to_do_so() {
    let books = Books::start().await;
    tell_in(&strict(&books), |office| {
        let books = books.clone();
        async move {
            let provider = Provider::open(&books);
            let now = office.clock.now().as_second();
            let signed = |acr: &Value, at: i64| {
                provider.token(&json!({ "acr": acr, "auth_time": at }))
            };
            for token in [
                None,
                Some(provider.token(&json!({}))),
                Some(signed(&json!("silver"), now)),
                Some(signed(&json!("gold"), now - 300)),
                Some(signed(&json!("gold"), now + 60)),
                Some(signed(&json!(["gold"]), now)),
            ] {
                let (status, body) = ask(&office, token.as_deref()).await;
                assert_eq!(status, 403, "{body}");
                let problem = "urn:countersign:error:insufficient_user_authentication";
                assert_eq!(body["type"], problem);
                assert_eq!(body["acr_values"], "gold platinum");
                assert_eq!(body["max_age"], 300);
                assert_eq!(
                    body["detail"],
                    "whoever asks for `prod:orders:write` must have signed in within 5 minutes and \
                     with `acr` `gold` or `platinum`: have them sign in so, and ask again with their \
                     `subject_token` (guardrail `sign in anew`)"
                );
            }
            let good = signed(&json!("gold"), now - 299);
            let (status, body) = ask(&office, Some(&good)).await;
            assert_eq!(status, 202, "{body}");
            // A client that is not the authority on its subjects cannot say so itself.
            let mut said = crate::office::write_prod();
            said["subject"]["properties"] = json!({ "acr": "gold", "auth_time": now });
            let answer = office.ask(&said).await;
            assert_eq!(answer.problem(), "urn:countersign:error:forbidden_claim");
            // What needs no sign-in goes on, and what nobody may have asks for none.
            let mut read = crate::office::write_prod();
            read["requested_access"] = json!({ "scope": "report:read" });
            assert_eq!(office.ask(&read).await.status, 201);
            office
        }
    })
    .await;
}
