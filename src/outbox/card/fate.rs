//! What becomes of a card where the chat product says that trying again is no use.

use countersign_port::{access::Loss, error::GiveUp};

use crate::{
    domain::access::effects::Reader,
    store::outbox::{Claimed, Parcel},
};

/// So often a card that hangs in its channel is tried to be drawn anew: for about an hour.
const REDRAWS: i64 = 64;

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is tried again.
    Later,
    /// It is posted once more.
    Anew,
    /// Its channel is lost: it is asked elsewhere.
    Lost,
    /// The requester is not told.
    Untold,
    /// Nobody needs it any more.
    Buried,
}

impl Fate {
    pub(super) fn of(row: &Claimed, why: GiveUp) -> Self {
        let Parcel::Card { reader, message, withdrawn, .. } = &row.parcel else {
            return Self::Buried;
        };
        let is_posted = message.is_some();
        let may_pass = match why {
            GiveUp::Tls | GiveUp::Blocked | GiveUp::Refused => row.attempt < REDRAWS,
            GiveUp::Message | GiveUp::Channel | GiveUp::Gone => false,
        };
        // It hangs there and its buttons work, whoever stands between us and the product. What is
        // behind a door that was shut on us stays as it is.
        if is_posted && may_pass && *withdrawn != Some(Loss::Removed) {
            return Self::Later;
        }
        // The asking server tells them in the end; nobody else waits for this.
        if *reader == Reader::Requester {
            return Self::Untold;
        }
        // Where a card was taken back, none is posted.
        if withdrawn.is_some() {
            return Self::Buried;
        }
        match why {
            // Nobody can decide on a card that is not there, or that says what was so before. Where
            // the channel is gone as well, the next try says so.
            GiveUp::Message | GiveUp::Channel if is_posted => Self::Anew,
            GiveUp::Message
            | GiveUp::Channel
            | GiveUp::Gone
            | GiveUp::Tls
            | GiveUp::Blocked
            | GiveUp::Refused => Self::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(reader: Reader, is_posted: bool, withdrawn: Option<Loss>, attempt: i64) -> Claimed {
        let parcel = Parcel::Card {
            id: "crd_01arz3ndektsv4rrffq69g5fav".parse().unwrap(),
            reader,
            item: 0,
            secret: [0; 32],
            message: is_posted.then(|| "m".to_owned()),
            told: 0,
            withdrawn,
        };
        Claimed {
            request: "arq_01arz3ndektsv4rrffq69g5fav".parse().unwrap(),
            lane: "chat:C1".to_owned(),
            target: "chat".to_owned(),
            address: "C1".to_owned(),
            fence: 1,
            attempt,
            created_at_us: 0,
            parcel,
        }
    }

    #[test]
    fn every_end_has_its_meaning() {
        use Reader::{Approvers, Requester};
        let taken_back = [Loss::Shared, Loss::Refused, Loss::Removed].map(Some);
        for why in [GiveUp::Tls, GiveUp::Blocked, GiveUp::Refused] {
            for reader in [Approvers, Requester] {
                assert_eq!(Fate::of(&row(reader, true, None, 1), why), Fate::Later, "{why}");
            }
            assert_eq!(Fate::of(&row(Approvers, true, None, REDRAWS), why), Fate::Lost);
            assert_eq!(Fate::of(&row(Approvers, false, None, 1), why), Fate::Lost);
            assert_eq!(Fate::of(&row(Requester, true, None, REDRAWS), why), Fate::Untold);
            assert_eq!(Fate::of(&row(Requester, false, None, 1), why), Fate::Untold);
            let fates = taken_back.map(|loss| Fate::of(&row(Approvers, true, loss, 1), why));
            assert_eq!(fates, [Fate::Later, Fate::Later, Fate::Buried], "{why}");
        }
        for why in [GiveUp::Message, GiveUp::Channel] {
            assert_eq!(Fate::of(&row(Approvers, true, None, 1), why), Fate::Anew);
            assert_eq!(Fate::of(&row(Approvers, false, None, 1), why), Fate::Lost);
            assert_eq!(Fate::of(&row(Requester, true, None, 1), why), Fate::Untold);
            for loss in taken_back {
                assert_eq!(Fate::of(&row(Approvers, true, loss, 1), why), Fate::Buried);
            }
        }
    }
}
