//! When keys are made, used and forgotten; by two processes at once.

use jiff::SignedDuration;
use secrecy::SecretString;

use super::*;
use crate::config::secret::EncryptionKey;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

struct Shop {
    clock: Clock,
    store: Store,
    ring: Arc<KeyRing>,
    _folder: tempfile::TempDir,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("keys.db").display());
        let key = EncryptionKey::decode(&STANDARD.encode([7; 32])).unwrap();
        Self {
            clock: Clock::frozen("2026-11-22T12:00:00Z".parse().unwrap()),
            store: Store::open(&url).await.unwrap(),
            ring: Arc::new(KeyRing::new(vec![key])),
            _folder: folder,
        }
    }

    fn process(&self, number: u64) -> SigningKeys {
        let (store, ring) = (self.store.clone(), Arc::clone(&self.ring));
        SigningKeys::new(store, ring, self.clock.clone(), Seeds::fixed(number))
    }
}

async fn kids(keys: &SigningKeys) -> Vec<String> {
    let published = keys.published().await.unwrap().keys.into_iter();
    published.filter_map(|key| key.common.key_id).collect()
}

async fn signer(keys: &SigningKeys) -> String {
    let known = keys.known().await.unwrap();
    known.current(keys.0.clock.now()).unwrap().kid.clone()
}

#[tokio::test]
async fn two_processes_make_one_key_each_month_and_publish_it_a_day_ahead() {
    let shop = Shop::open().await;
    let (one, two) = (shop.process(1), shop.process(2));
    let (first, same) = tokio::join!(signer(&one), signer(&two));
    assert_eq!(first, same);
    assert_eq!(kids(&one).await, std::slice::from_ref(&first));

    shop.clock.advance(DAY * 29);
    let (ahead, same) = tokio::join!(kids(&one), kids(&two));
    assert_eq!((ahead.len(), &ahead), (2, &same), "the next one is published");
    assert_eq!(signer(&one).await, first, "and does not sign yet");
    shop.clock.advance(DAY - HOUR);
    assert_eq!(signer(&two).await, first);
    shop.clock.advance(HOUR);
    let second = signer(&two).await;
    assert_eq!((&second, signer(&one).await), (&ahead[1], second.clone()));

    shop.clock.advance(DAY * 31 - HOUR);
    assert!(kids(&one).await.contains(&first), "what it signed may be alive");
    shop.clock.advance(HOUR * 2);
    assert!(!kids(&one).await.contains(&first));
    assert_eq!(shop.store.signing_keys().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_private_key_is_sealed_for_its_own_row() {
    let shop = Shop::open().await;
    signer(&shop.process(1)).await;
    let row = shop.store.signing_keys().await.unwrap().pop().unwrap();
    assert!(!row.sealed.contains("MIGHAgEAMBMGByqGSM49"), "PKCS #8 in clear");
    let opened: Result<SecretString, _> = shop.ring.open(place("another"), &row.sealed);
    assert!(opened.is_err());
    assert!(SigningKey::open(&row, &KeyRing::default()).is_err());
}

#[tokio::test]
async fn without_a_ring_nothing_is_signed_and_nothing_published() {
    let shop = Shop::open().await;
    let keys =
        SigningKeys::new(shop.store.clone(), Arc::default(), shop.clock.clone(), Seeds::fixed(1));
    assert!(!keys.is_set_up());
    assert!(kids(&keys).await.is_empty());
    assert!(shop.store.signing_keys().await.unwrap().is_empty());
}

#[tokio::test]
async fn where_the_key_that_signs_is_lost_another_signs_at_once() {
    let shop = Shop::open().await;
    let first = signer(&shop.process(1)).await;
    let ring = shop.ring.first().unwrap().to_string();
    shop.store.give_up_sealed(&ring).await.unwrap();
    let (one, two) = (shop.process(2), shop.process(3));
    let (second, same) = tokio::join!(signer(&one), signer(&two));
    assert_eq!(second, same);
    assert_ne!(second, first);
    assert_eq!(kids(&one).await, [first.clone(), second], "what it signed is alive");
    shop.clock.advance(DAY * 32);
    assert!(!kids(&one).await.contains(&first));
}
