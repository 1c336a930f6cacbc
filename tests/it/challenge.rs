//! Transaction challenges: a resource server says, signed, what it wants approved. Whoever passes it on
//! can change nothing of it, and can use it once.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_port::card::Verb;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData};
use serde_json::{Value, json};

use crate::{
    directory::books::Books,
    office::{Answer, Office, START, Site, demo_sources, tell_in},
};

const SERVER: &str = "https://payments.example/";
const PROBLEM: &str = "urn:countersign:error:invalid_transaction_challenge";

/// Payments need a lead of the shop.
fn site(books: &Books) -> Site {
    Site {
        sources: || {
            let mut sources = demo_sources();
            sources.policy.text = sources.policy.text.replace(
                "rules:\n",
                "rules:\n  - name: payments\n    if: { detail: payment }\n    ask: [{ from: shop.lead, \
                 count: 1, in: shop }]\n",
            );
            sources
        },
        server: format!(
            "\n  - id: {SERVER}\n    api_keys: [{{ env: PAYMENTS_KEY }}]\n    challenges: \
             {{ jwks_uri: \"{}/jwks\", algorithm: EdDSA }}",
            books.url
        ),
        ..Site::default()
    }
}

/// A resource server with one key.
struct Payments(KeyPair);

impl Payments {
    fn open(books: &Books) -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let x = URL_SAFE_NO_PAD.encode(key.der_bytes());
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "k1", "use": "sig" });
        books.answer("/jwks", json!({ "keys": [jwk] }));
        Self(key)
    }

    /// A good challenge, with some claims replaced.
    fn challenge(&self, jti: &str, claims: &Value) -> String {
        self.typed("txn-authz-challenge+jwt", jti, claims)
    }

    fn typed(&self, typ: &str, jti: &str, claims: &Value) -> String {
        let now = START.parse::<jiff::Timestamp>().unwrap().as_second();
        let mut all = json!({
            "iss": SERVER, "aud": "https://countersign.example", "iat": now, "exp": now + 300,
            "jti": jti, "txn": "txn-97053963", "reason": "A payment above 1000.",
            "authorization_details": [{ "type": "payment", "amount": "5000.00" }],
            "act": { "sub": "agent-7" },
        });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let typ = Some(typ.to_owned());
        let header = Header { kid: Some("k1".to_owned()), typ, ..Header::new(Algorithm::EdDSA) };
        encode(&header, &all, &EncodingKey::from_ed_der(&self.0.serialize_der())).unwrap()
    }
}

fn body(challenge: &str) -> Value {
    json!({ "subject": { "type": "user", "id": "dana" }, "transaction_challenge": challenge })
}

async fn ask(office: &Office, challenge: &str) -> Answer {
    let answer = office.ask(&body(challenge)).await;
    office.settle().await;
    answer
}

async fn tell<F: Future<Output = Office>>(story: impl Fn(Office, Payments) -> F) {
    let books = Books::start().await;
    tell_in(&site(&books), |office| story(office, Payments::open(&books))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_resource_server_signed_is_what_people_decide() {
    tell(|office, payments| async move {
        let asked = ask(&office, &payments.challenge("j-1", &json!({}))).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        let id = asked.body["task"]["id"].as_str().unwrap();
        let card = office.newest("shop-approvals");
        let facts: Vec<String> = card
            .facts
            .iter()
            .map(|fact| format!("{}: {}", fact.label, fact.value.plain()))
            .collect();
        for fact in [
            "Wanted by: https://payments.example/",
            "Because: A payment above 1000.",
            "Transaction: txn-97053963",
        ] {
            assert!(facts.iter().any(|one| one == fact), "{fact}: {facts:?}");
        }
        office.press("erin", "shop-approvals", Verb::Approve).await.unwrap();
        office.settle().await;
        let result = &office.get(id).await.body["result"];
        assert_eq!(
            result["authorization_details"],
            json!([{ "type": "payment", "amount": "5000.00" }])
        );
        assert_eq!(result["transaction"], json!({ "txn": "txn-97053963", "aud": SERVER }));
        let state = result["approval"]["state"].as_str().unwrap().split('.').nth(1).unwrap();
        let state: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(state).unwrap()).unwrap();
        assert_eq!(state["txn"], "txn-97053963");
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_good_for_one_request() {
    tell(|office, payments| async move {
        let challenge = payments.challenge("j-1", &json!({}));
        // To look what would happen spends nothing.
        let mut look = body(&challenge);
        look["dry_run"] = true.into();
        assert_eq!(office.ask(&look).await.status, 200);
        let keyed = [("idempotency-key", "k-1")];
        let first = office.ask_with(&body(&challenge), &keyed).await;
        assert_eq!(first.status, 202, "{}", first.body);
        let again = ask(&office, &challenge).await;
        assert_eq!((again.status, again.problem()), (400, PROBLEM));

        // A lost answer is had again, though the challenge has run out meanwhile.
        office.advance(SignedDuration::from_mins(6)).await;
        let repeated = office.ask_with(&body(&challenge), &keyed).await;
        assert_eq!(repeated.body["task"]["id"], first.body["task"]["id"]);
        let late = ask(&office, &challenge).await;
        assert_eq!((late.status, late.problem()), (400, PROBLEM));
        assert!(late.body["detail"].as_str().unwrap().contains("it has expired"));
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_present_a_challenge_at_once_one_gets_through() {
    tell(|office, payments| async move {
        let replica = office.listening_replica().await;
        let body = body(&payments.challenge("j-1", &json!({})));
        let racing = (0..8).map(|_| office.ask(&body));
        let answers = futures::future::join_all(racing).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [202, 400, 400, 400, 400, 400, 400, 400]);
        replica.0.stop().await;
        office.settle().await;
        office
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_does_not_hold_is_refused_and_nothing_is_stored() {
    tell(|office, payments| async move {
        let stranger = Payments(KeyPair::generate_for(&PKCS_ED25519).unwrap());
        let now = office.clock.now().as_second();
        let good = payments.challenge("j-1", &json!({}));
        for (challenge, why) in [
            (stranger.challenge("j-1", &json!({})), "signature, algorithm or `aud` do not fit"),
            (
                payments.challenge("j-1", &json!({ "aud": "https://as.example" })),
                "`aud` do not fit",
            ),
            (payments.typed("JWT", "j-1", &json!({})), "`typ`"),
            (payments.challenge("j-1", &json!({ "exp": now - 60 })), "it has expired"),
            (payments.challenge("j-1", &json!({ "iss": "https://bank.example/" })), "its `iss`"),
            (payments.challenge("j-1", &json!({ "authorization_details": [] })), "is empty"),
            (format!("{good}x"), "do not fit"),
            ("eyJ".to_owned(), "it is not a JWT"),
            (String::new(), "it is not a JWT"),
        ] {
            let refused = ask(&office, &challenge).await;
            assert_eq!((refused.status, refused.problem()), (400, PROBLEM), "{why}");
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(detail.contains(why), "{why}: {detail}");
        }
        for (more, status) in [
            (json!({ "requested_access": { "scope": "report:read" } }), 400),
            (json!({ "action": { "name": "grant_scope" } }), 400),
            (json!({ "items": [] }), 400),
            (json!({ "client": { "id": "x", "actor": { "id": "agent-8" } } }), 403),
        ] {
            let mut body = body(&good);
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            assert_eq!(office.ask(&body).await.status, status, "{more}");
        }
        let unknown = json!({ "authorization_details": [{ "type": "wire", "amount": "1" }] });
        let unknown = ask(&office, &payments.challenge("j-1", &unknown)).await;
        assert_eq!(unknown.status, 422, "{}", unknown.body);
        assert!(office.sandbox.messages("shop-approvals").is_empty());
        office
    })
    .await;
}
