//! The neutral card as HTML. Text from outside is text: escaped by the template, kept in its own
//! direction by `bdi`, never a link or markup. The look is left to the style sheet.

use askama::Template;
use countersign_port::{
    card::{Button, Card, Emphasis, Field, Span, Verb},
    chat::MessageRef,
};

use crate::visit::Visit;

/// How much of a card is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What a channel shows: titles, and the buttons.
    Short,
    /// What “Details” shows: with the raw names, nothing to press.
    Full,
}

#[derive(Template)]
#[template(path = "card.html")]
struct CardPage<'a> {
    card: &'a Card,
    message: &'a MessageRef,
    anchor: String,
    visit: &'a Visit,
    detail: Detail,
}

impl CardPage<'_> {
    fn detailed(&self) -> bool {
        self.detail == Detail::Full
    }
}

/// Draws a card for one visitor.
pub(crate) fn html(
    card: &Card,
    message: &MessageRef,
    visit: &Visit,
    detail: Detail,
) -> Result<String, askama::Error> {
    let prefix = match detail {
        Detail::Short => "message",
        Detail::Full => "details",
    };
    let anchor = format!("{prefix}-{}", message.0);
    CardPage { card, message, anchor, visit, detail }.render()
}

fn emphasis(emphasis: Emphasis) -> &'static str {
    match emphasis {
        Emphasis::Primary => "primary",
        Emphasis::Danger => "danger",
        Emphasis::Plain => "plain",
    }
}

/// The accessible name of a button. It begins with what is seen, so that somebody who steers by
/// voice can say what they read (WCAG 2.5.3).
fn spoken(button: &Button) -> String {
    let label = button.label.trim_end_matches('…');
    if button.spoken.starts_with(label) {
        return button.spoken.clone();
    }
    format!("{label}: {}", button.spoken)
}

#[cfg(test)]
mod tests {
    use countersign_port::card::Face;

    use super::*;
    use crate::samples;

    fn drawn(face: Face, detail: Detail) -> String {
        let message = MessageRef("7".to_owned());
        html(&samples::card(face), &message, &Visit::default().as_visitor("erin"), detail).unwrap()
    }

    #[test]
    fn a_pending_card() {
        insta::assert_snapshot!(drawn(Face::Pending, Detail::Short));
    }

    #[test]
    fn an_approved_card() {
        insta::assert_snapshot!(drawn(Face::Approved, Detail::Short));
    }

    #[test]
    fn the_details_hold_the_raw_names_and_no_button() {
        let page = drawn(Face::Pending, Detail::Full);
        assert!(page.contains("prod:orders:write"));
        assert!(!page.contains("<button"));
        assert!(!drawn(Face::Pending, Detail::Short).contains("prod:orders:write"));
    }

    /// Whatever the face, every tag and every attribute on the page is the template's own.
    #[test]
    fn outside_text_never_becomes_markup_or_a_link() {
        for face in samples::FACES {
            for detail in [Detail::Short, Detail::Full] {
                let page = drawn(face, detail);
                for forbidden in
                    ["<b ", "<i>", "<!", "<https", "<a ", "href", "<script", "<Shop", "<button>R"]
                {
                    assert!(!page.contains(forbidden), "{face:?}: {forbidden} in {page}");
                }
                assert!(page.contains("&#60;https://evil.example|Approve&#62;"), "{page}");
                assert!(page.contains("{{ 7 }}"), "templates are not run twice: {page}");
            }
        }
    }

    #[test]
    fn every_face_shows_its_mark_and_the_same_facts() {
        for face in samples::FACES {
            let page = drawn(face, Detail::Short);
            for fact in [face.mark(), "Asked by", "▲ High risk", "one more shop lead", "v3"] {
                assert!(page.contains(fact), "{face:?}: {fact}");
            }
        }
    }

    #[test]
    fn a_time_is_a_time() {
        let page = drawn(Face::Pending, Detail::Short);
        assert!(page.contains(r#"<time datetime="2026-11-22T14:32:00Z">14:32 UTC</time>"#));
    }

    #[test]
    fn the_accessible_name_begins_with_the_label() {
        let mut button = samples::card(Face::Pending).actions.remove(0);
        assert!(spoken(&button).starts_with("Approve: approve what"), "{}", spoken(&button));
        button.spoken = "Approve: Shop Admin may change live orders".to_owned();
        assert_eq!(spoken(&button), button.spoken);
    }
}
