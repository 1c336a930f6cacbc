//! The crate for resource servers against the service itself, over HTTP.

use countersign_verify::{
    call::Call,
    online::{Failed, Service},
    verifier::Verifier,
};

use super::bank::{self, AUD, claimed, params_hash};
use crate::office::{API_KEY, BANK_KEY, client, tell};

const CALL: Call<'_> =
    Call { subject: "dana", client_id: "pay-app", sid: Some("s-1"), ath: None, key: None };

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_server_verifies_and_redeems_with_the_crate() {
    tell(|office| async move {
        let (_, token) = claimed(&office).await;
        let service = Service::new(office.url.clone(), BANK_KEY, client());
        let keys = service.keys().await.unwrap().expect("they were never fetched");
        assert!(service.keys().await.unwrap().is_none(), "not twice in 30 seconds");
        let issuer = "https://countersign.example".to_owned();
        let verifier = Verifier { issuer, audience: AUD.to_owned(), keys };
        let (hash, now) = (params_hash(), office.clock.now().as_second());
        let credential = verifier.verify(&token, &CALL, &hash, now).unwrap();

        let other = Call { sid: Some("s-2"), ..CALL };
        let refused = service.redeem(&token, &other, &hash, "k-1").await;
        assert!(matches!(refused, Err(Failed::NotActive)), "{refused:?}");
        let stranger = Service::new(office.url.clone(), API_KEY, client());
        let refused = stranger.redeem(&token, &CALL, &hash, "k-1").await;
        assert!(matches!(refused, Err(Failed::Refused(status)) if status == 401), "{refused:?}");
        assert_eq!(service.redeem(&token, &CALL, &hash, "k-1").await.unwrap(), credential);
        assert_eq!(service.redeem(&token, &CALL, &hash, "k-1").await.unwrap(), credential);
        let again = service.redeem(&token, &CALL, &hash, "k-2").await;
        assert!(matches!(again, Err(Failed::NotActive)), "{again:?}");
        bank::forget_events(&office).await;
        office
    })
    .await;
}
