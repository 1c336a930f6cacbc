//! Whoever asked is told in a chat of their own with the bot, in a card that is drawn anew.

use super::{
    blueprint::{Blueprint, SHOP, USUAL},
    workplace::{tell_in, write_prod},
};

/// The client leaves it to us to tell the requester.
const TOLD: Blueprint = Blueprint { client: "trust: trusted\n    tell_requester: true", ..USUAL };

#[tokio::test(flavor = "multi_thread")]
async fn the_requester_has_a_card_that_follows_the_request() {
    tell_in(&TOLD, |workplace| async move {
        workplace.ask(&write_prod()).await;
        let first = workplace.told("dana");
        assert_eq!(first.len(), 1, "{first:?}");
        assert!(first[0].contains("0 of 2 from shop.lead"), "{first:?}");
        workplace.approve("erin", SHOP).await;
        let second = workplace.told("dana");
        assert!(second.iter().any(|words| words.contains("1 of 3 approved")), "{second:?}");
        workplace.card(SHOP);
        workplace
    })
    .await;
}
