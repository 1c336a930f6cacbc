//! Asking again with one press: by whoever asked, for what came to nothing, and only where the
//! client could ask for it now.

use std::sync::Arc;

use countersign_port::{
    access::{Press, Refusal, RefusalKind},
    card::{Card, Verb},
    text::Untrusted,
};

use super::{Registered, Service, clicks::Pressed};
use crate::{
    domain::{
        access::{Act, Refused, open::Open, renew::Renew, slice::View},
        button::Meaning,
        card::refusal,
        client::Client,
        id::RequestId,
        people::Person,
        renewal,
        request::AccessRequest,
        right::Right,
    },
    law::Law,
    refusal as problem,
    store::card::PostedCard,
};

impl Service {
    /// Opens the same once more and gives the card of the old one. A second press changes nothing.
    pub(super) async fn asked_again(&self, press: &Press) -> Result<Card, Refusal> {
        let Pressed { posted, meaning, law } = self.pressed(press).await?;
        if meaning.verb != Verb::AskAgain {
            return Err(refusal::plain(RefusalKind::UnknownButton));
        }
        let view = self.posted_view(&posted).await?;
        let person = match requester(&law, &view, &posted, press) {
            Ok(person) => person,
            Err(RefusalKind::NotLinked) => {
                return Err(self.nobodys(&law, &posted, meaning, press).await);
            }
            Err(why) => return Err(self.turned_away(&posted, meaning, press, why).await),
        };
        if view.renewed_by.is_some() {
            return Ok(self.draw(&law, &view, &posted));
        }
        let open = match self.once_more(&view) {
            Ok(open) => open,
            Err(why) => return Err(self.not_renewed(&posted, meaning, press, &why).await),
        };
        let renew = renew(&posted, press, person, open);
        match self.parts.ledger.submit(self.command(Act::Renew(Box::new(renew)))).await {
            Ok(view) => Ok(self.draw(&law, &view, &posted)),
            Err(Refused::Vote(kind)) => Err(refusal::plain(kind)),
            Err(Refused::Unavailable | Refused::Unknown) => {
                Err(refusal::plain(RefusalKind::Unavailable))
            }
            Err(refused) => Err(refusal::not_renewed(&problem::Refusal::from(refused))),
        }
    }

    /// The same request, as it would be opened now.
    fn once_more(&self, old: &View) -> Result<Open, problem::Refusal> {
        if !renewal::is_open(old) {
            let detail = "it can only be asked for anew where it was asked".to_owned();
            return Err(problem::Refusal::NotRequestable { detail });
        }
        let client = self.parts.registered.admit(&old.request)?;
        let now = self.parts.clock.now();
        let id = RequestId::from_handle(self.parts.seeds.seed().ids(now).handle());
        let request = old.request.again(id, now);
        let plans = self.plans(client, &request)?;
        let requester = self.requester(client, &request, &plans);
        Ok(Open::new(request, plans, None, client.pending_limit).showing(requester))
    }

    /// Writes the press down and says why nothing comes of it.
    async fn not_renewed(
        &self,
        posted: &PostedCard,
        meaning: Meaning,
        press: &Press,
        why: &problem::Refusal,
    ) -> Refusal {
        if *why == problem::Refusal::Unavailable {
            return refusal::plain(RefusalKind::Unavailable);
        }
        match self.turned_away(posted, meaning, press, RefusalKind::NotRenewed).await {
            Refusal { kind: RefusalKind::NotRenewed, .. } => refusal::not_renewed(why),
            unrecorded => unrecorded,
        }
    }
}

impl Registered {
    /// The client that asked, where it could ask for the same now.
    fn admit(&self, request: &AccessRequest) -> Result<&Client, problem::Refusal> {
        let unknown = || problem::Refusal::NotRequestable {
            detail: format!("client `{}` is not registered any more", request.integrator),
        };
        let client = self.clients.get(&request.integrator).ok_or_else(unknown)?;
        if client.mode != request.binding.mode {
            let detail = format!("client `{}` asks in another way by now", client.id);
            return Err(problem::Refusal::NotRequestable { detail });
        }
        problem::need(client, Right::Request)?;
        if let Some(name) = client.may_not_ask_for(&request.items) {
            let name = Untrusted::new(name).display();
            let detail = format!("client `{}` may not ask for `{name}` any more", client.id);
            return Err(problem::Refusal::InvalidScope { detail });
        }
        let actor = request.client.actor.as_ref();
        if let Some(actor) = actor.and_then(|actor| actor.unproven(&client.actors)) {
            let name = Untrusted::new(actor.id.clone()).display();
            let detail = format!("client `{}` may not name `{name}` any more", client.id);
            return Err(problem::Refusal::ForbiddenClaim { detail });
        }
        let mut callback = request.callback.iter();
        if callback.any(|callback| !client.callbacks.contains(&callback.endpoint)) {
            let detail = format!("client `{}` is not called back there any more", client.id);
            return Err(problem::Refusal::InvalidCallback { detail });
        }
        let mut credential = request.credential.iter();
        if let Some(wish) = credential.find(|wish| !self.servers.contains(&wish.aud)) {
            let server = Untrusted::new(wish.aud.clone()).display();
            let detail = format!("`{server}` is none of the resource servers any more");
            return Err(problem::Refusal::InvalidRequest { detail });
        }
        Ok(client)
    }
}

/// Whoever asked, if it is they who pressed.
fn requester<'a>(
    law: &'a Arc<Law>,
    view: &View,
    posted: &PostedCard,
    press: &Press,
) -> Result<&'a Person, RefusalKind> {
    if posted.withdrawn.is_some() {
        return Err(RefusalKind::Withdrawn);
    }
    let person = law.people.by_identity(&press.by).ok_or(RefusalKind::NotLinked)?;
    if law.barred().contains(&person.id) {
        return Err(RefusalKind::NotAPerson);
    }
    let asked = law.people.who_is(&view.request.subject);
    if asked == Some(&person.id) { Ok(person) } else { Err(RefusalKind::NotRequester) }
}

fn renew(posted: &PostedCard, press: &Press, person: &Person, open: Open) -> Renew {
    Renew {
        request: posted.request.clone(),
        item: posted.item,
        person: person.id.clone(),
        name: Untrusted::new(&person.name),
        by: press.by.clone(),
        payload_sha256: press.payload_sha256.clone(),
        once: press.once.clone(),
        open,
    }
}
