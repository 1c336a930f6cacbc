//! What two requests must have alike to share a card, borrowed from them: a digest of it is made
//! for every request, and copying request and plans first would cost more than the digest.

use countersign_port::text::Untrusted;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::domain::{
    actor::Actor,
    audit::canonical,
    brake::Brake,
    client::Mode,
    id::{ClientId, PersonId},
    link::Level,
    plan::{
        CredentialTerms, DescribedPart, Justification, NumberCheck, Plan, Review, Risk, StandIns,
        Step,
    },
    request::{AccessRequest, Context, Delegator, Item},
};

/// All that people are shown, and all that says who decides and for how long. In the order of the
/// names, and without what is absent: that is written without a detour.
#[derive(Serialize)]
pub(super) struct Alike<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    acr_values: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'r Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_message: Option<&'r Untrusted>,
    client: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<&'r Untrusted>,
    context: &'r Context,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegated: Option<&'r Delegator>,
    frames: &'r [String],
    integrator: &'r ClientId,
    items: &'r [Item],
    mode: Mode,
    plans: Vec<Terms<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_expiry: Option<i64>,
    subject: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_name: Option<&'r Untrusted>,
    subject_type: &'r str,
}

/// A plan without its instant and its reasons.
#[derive(Serialize)]
struct Terms<'p> {
    brakes: &'p [Brake],
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'p CredentialTerms>,
    excluded: &'p [PersonId],
    justification: Justification,
    link: Level,
    number_check: NumberCheck,
    parts: &'p [DescribedPart],
    policy_sha256: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<&'p Review>,
    risk: Risk,
    rules: &'p [String],
    stand_ins: StandIns,
    steps: &'p [Step],
    use_within_seconds: i64,
    valid_for_seconds: i64,
}

impl<'r> Alike<'r> {
    pub(super) fn of(request: &'r AccessRequest, plans: &'r [Plan]) -> Self {
        let (client, subject) = (&request.client, &request.subject);
        Self {
            acr_values: request.acr_values.as_deref(),
            actor: client.actor.as_ref(),
            binding_message: request.binding_message.as_ref(),
            client: &client.id,
            client_name: client.name.as_ref(),
            context: &request.context,
            delegated: request.delegated.as_ref(),
            frames: &request.binding.frames,
            integrator: &request.integrator,
            items: &request.items,
            mode: request.binding.mode,
            plans: plans.iter().map(Terms::of).collect(),
            requested_expiry: request.requested_expiry_seconds,
            subject: &subject.id,
            subject_name: subject.name.as_ref(),
            subject_type: &subject.kind,
        }
    }

    /// SHA-256 in hexadecimal.
    pub(super) fn digest(&self) -> String {
        hex::encode(Sha256::digest(canonical(self)))
    }
}

impl<'p> Terms<'p> {
    /// Names every member, so that one that is added is not forgotten here.
    fn of(plan: &'p Plan) -> Self {
        let Plan {
            brakes,
            credential,
            excluded,
            expires_at: _,
            justification,
            link,
            number_check,
            parts,
            policy_sha256,
            review,
            risk,
            rules,
            stand_ins,
            steps,
            trace: _,
            use_within_seconds,
            valid_for_seconds,
        } = plan;
        Self {
            brakes,
            credential: credential.as_ref(),
            excluded,
            justification: *justification,
            link: *link,
            number_check: *number_check,
            parts,
            policy_sha256,
            review: review.as_ref(),
            risk: *risk,
            rules,
            stand_ins: *stand_ins,
            steps,
            use_within_seconds: *use_within_seconds,
            valid_for_seconds: *valid_for_seconds,
        }
    }
}
