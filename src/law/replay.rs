//! A request judged under two policies: whether anything that matters differs, and which way.

use crate::{
    domain::plan::{Ask, NumberCheck, Plan, StandIns},
    refusal::Refusal,
};

/// What a policy makes of a request.
pub type Verdict = Result<Vec<Plan>, Refusal>;

/// How the second verdict differs from the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Something is granted that was not, or needs less than it did.
    Easier,
    Harder,
    /// Neither: other people, other channels, or easier here and harder there.
    Other,
}

/// Compares two verdicts on the same request at the same instant. Names of rules and the way to a
/// plan do not matter.
pub fn compare(old: &Verdict, new: &Verdict) -> Option<Change> {
    match (old, new) {
        (Err(_), Err(_)) => None,
        (Err(_), Ok(_)) => Some(Change::Easier),
        (Ok(_), Err(_)) => Some(Change::Harder),
        (Ok(old), Ok(new)) => {
            let changes = old.iter().zip(new).filter_map(|(old, new)| compare_plans(old, new));
            changes.reduce(|one, other| if one == other { one } else { Change::Other })
        }
    }
}

fn compare_plans(old: &Plan, new: &Plan) -> Option<Change> {
    if essence(old) == essence(new) {
        return None;
    }
    match (is_no_laxer(new, old), is_no_laxer(old, new)) {
        (true, false) => Some(Change::Harder),
        (false, true) => Some(Change::Easier),
        (true, true) | (false, false) => Some(Change::Other),
    }
}

/// All of a plan that somebody would notice.
fn essence(plan: &Plan) -> Plan {
    Plan { policy_sha256: String::new(), rules: Vec::new(), trace: Vec::new(), ..plan.clone() }
}

/// Whether one plan wants everything that the other wants, and gives no more.
fn is_no_laxer(tight: &Plan, loose: &Plan) -> bool {
    let checks = |plan: &Plan| plan.number_check == NumberCheck::Required;
    tight.expires_at <= loose.expires_at
        && tight.use_within_seconds <= loose.use_within_seconds
        && tight.valid_for_seconds <= loose.valid_for_seconds
        && (checks(tight) || !checks(loose))
        && (tight.stand_ins == StandIns::Forbidden || loose.stand_ins == StandIns::SameGroup)
        && tight.link >= loose.link
        && (tight.review.is_some() || loose.review.is_none())
        && brakes_as_hard(tight, loose)
        && wants_all(tight, loose)
}

/// Every brake of the second has one in the first that holds no later and no shorter.
fn brakes_as_hard(tight: &Plan, loose: &Plan) -> bool {
    loose.brakes.iter().all(|wanted| {
        tight.brakes.iter().any(|brake| {
            brake.counts == wanted.counts
                && brake.most <= wanted.most
                && brake.within_seconds >= wanted.within_seconds
        })
    })
}

/// Every ask of the second has one of its own in the first that wants as many of the same people.
fn wants_all(tight: &Plan, loose: &Plan) -> bool {
    let mut left: Vec<&Ask> = tight.steps.iter().flat_map(|step| &step.asks).collect();
    loose.steps.iter().flat_map(|step| &step.asks).all(|wanted| {
        let fits = |ask: &&Ask| {
            ask.count >= wanted.count && wanted.from.iter().all(|group| ask.from.contains(group))
        };
        left.iter().position(fits).map(|at| left.remove(at)).is_some()
    })
}

impl Change {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Easier => "easier",
            Self::Harder => "harder",
            Self::Other => "other",
        }
    }
}
