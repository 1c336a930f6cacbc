//! What waits for somebody, as blocks: the answer to the command, and the home tab. Pure.

use countersign_port::{
    access::Waiting,
    card::{Card, Line},
};
use slack_morphism::blocks::{
    SlackBlock, SlackHomeView, SlackRichTextInlineElement, SlackRichTextLink, SlackView,
};
use url::Url;

use crate::{
    address::Spot,
    blocks::{self, Detail},
    kit::{self, bold, rich, run},
    limit,
};

/// More than this nobody reads; the list says how many there are.
const SHOWN: usize = 20;

/// The list of what waits, most urgent first.
pub(crate) fn list(waiting: &[Waiting], web: &Url) -> Vec<SlackBlock> {
    if waiting.is_empty() {
        return vec![kit::section("Nothing waits for you.")];
    }
    let mut blocks = vec![kit::header(&format!("Waiting for you: {}", waiting.len()))];
    for entry in waiting.iter().take(SHOWN) {
        blocks.extend(kit::lines(vec![line(entry, web)], limit::SECTION));
    }
    let hidden = waiting.len().saturating_sub(SHOWN);
    if hidden > 0 {
        blocks.push(kit::section(&format!("… and {hidden} more")));
    }
    blocks
}

/// The home tab.
pub(crate) fn home(blocks: Vec<SlackBlock>) -> SlackView {
    SlackView::Home(SlackHomeView::new(kit::fit(blocks, limit::VIEW_BLOCKS)))
}

/// A request that was asked for by its id: everything but the buttons.
pub(crate) fn story(card: &Card) -> Vec<SlackBlock> {
    kit::fit(blocks::body(card, Detail::Full), limit::MESSAGE_BLOCKS)
}

fn line(entry: &Waiting, web: &Url) -> Vec<SlackRichTextInlineElement> {
    let mut elements = vec![bold(&format!("{} ", entry.card.face.mark()))];
    elements.extend(rich(&entry.card.title));
    elements.extend(run("\n"));
    elements.extend(rich(&Line::words("Expires ").time(entry.expires_at)));
    elements.extend(run(&format!(" · {}", entry.card.request)));
    let link = entry.message.as_ref().and_then(Spot::read).and_then(|spot| link(&spot, web));
    if let Some(url) = link {
        elements.extend(run(" · "));
        elements.push(SlackRichTextLink::new((&url).into()).with_text("Open".to_owned()).into());
    }
    elements
}

/// Slack sends whoever follows it on to the workspace that they are signed in to.
fn link(spot: &Spot, web: &Url) -> Option<Url> {
    let ts = spot.ts.replace('.', "");
    web.join(&format!("/archives/{}/p{ts}", spot.channel)).ok()
}
