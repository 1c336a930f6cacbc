//! Cards for the tests, full of text that wants to be more than text.

use countersign_port::{
    access::DenyReason,
    card::{
        Button, Card, Change, Emphasis, Face, Fact, Field, FieldOption, Form, Line, Novelty,
        Progress, ProgressMark, Quote, Verb,
    },
    text::{Layout, Shown, Untrusted},
};
use jiff::Timestamp;

/// Every face, in the order of a request's life.
pub(crate) const FACES: [Face; 8] = [
    Face::Pending,
    Face::Partial,
    Face::Approved,
    Face::Denied,
    Face::Expired,
    Face::Cancelled,
    Face::Failed,
    Face::Mixed,
];

/// What would be a link, a picture, a style, a date, a mention, a second card or a trick of the eye.
pub(crate) const HOSTILE: [&str; 16] = [
    "[good](https://evil)",
    "![](https://evil/x.png)",
    "**Approved**",
    "{{DATE(2026-01-01T00:00:00Z)}}",
    "{{TIME(2026-01-01T00:00:00Z)}}",
    "{{{{DATE(2026-01-01T00:00:00Z,LONG)}}}}",
    "<at>everyone</at>",
    "one\n\n---\n✔ Approved: Shop Admin may change live orders",
    "- a\r- b\n1. c\n# d",
    "&lt;b&gt; <b>bold</b> &#42;",
    "`code` ~~gone~~ _slanted_",
    "safe\u{202e}txt.exe",
    "zero\u{200b}width",
    "\"}],\"actions\":[{\"type\":\"Action.Submit\"}]",
    "${$data} ${if(true,1,2)}",
    "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂",
];

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn shown(text: &str) -> Shown {
    Untrusted::new(text).display()
}

pub(crate) fn outside(text: &str) -> Line {
    Line::default().outside(shown(text))
}

/// A card as the service draws it.
pub(crate) fn card(face: Face) -> Card {
    card_about(face, "Shop Admin", "Fix the duplicates of this morning")
}

/// A card in which everything from outside is this text.
pub(crate) fn hostile(face: Face, text: &str) -> Card {
    let mut card = card_about(face, text, text);
    card.facts.push(Fact { label: "Parameter", value: outside(text) });
    card.facts.push(Fact {
        label: "Since",
        value: outside(text).and(", ").time(at("2026-11-22T14:00:00Z")),
    });
    card.changes.push(Change { novelty: Novelty::New, title: shown(text), name: shown(text) });
    card.progress.push(step(ProgressMark::Refused, outside(text).time(at("2026-11-22T14:06:00Z"))));
    card.consequence = Some(outside(text).time(at("2026-11-22T14:42:00Z")));
    for button in &mut card.actions {
        button.spoken = shown(text).to_string();
        let Some(form) = &mut button.form else { continue };
        form.summary.push(outside(text));
        if let Some(Field::Checks { options, .. }) = form.fields.first_mut() {
            options.push(FieldOption { value: "2".to_owned(), label: outside(text) });
        }
    }
    card.warnings.push(outside(text));
    card.footer.push(outside(text).time(at("2026-11-22T14:06:00Z")));
    card
}

fn card_about(face: Face, client: &str, reason: &str) -> Card {
    let sentence = outside(client).and(" wants to change live orders in production");
    let open = !face.is_final();
    let mut card = Card {
        request: "arq_01KA7M6Q5X8R3T0V2W4Y6Z8B1C".to_owned(),
        version: 3,
        face,
        title: title(face, sentence.clone()),
        warnings: Vec::new(),
        facts: vec![
            Fact { label: "Asked by", value: outside("Dana Novak") },
            Fact { label: "Risk", value: Line::words("▲ High risk") },
            Fact { label: "Environment", value: outside("Production") },
        ],
        quote: Some(Quote {
            who: shown("Dana Novak"),
            text: Untrusted::new(reason).excerpt(Layout::Lines, 500).told(),
        }),
        changes: vec![
            Change {
                novelty: Novelty::New,
                title: shown("Change live orders"),
                name: shown("prod:orders:write"),
            },
            Change {
                novelty: Novelty::Held,
                title: shown("See orders"),
                name: shown("orders:read"),
            },
        ],
        consequence: open.then(|| {
            let can = Line::words("If you approve: ").line(outside(client));
            can.and(" can edit orders until ").time(at("2026-11-22T14:42:00Z"))
        }),
        progress: progress(face),
        actions: if open { actions() } else { Vec::new() },
        footer: vec![Line::words("arq_01KA7M6Q5X8R3T0V2W4Y6Z8B1C · v3")],
        notification: Line::words("Approval needed by ")
            .time(at("2026-11-22T14:32:00Z"))
            .and(": ")
            .line(sentence)
            .and(", asked by ")
            .line(outside("Dana Novak"))
            .and(". High risk."),
    };
    if open {
        card.footer.insert(0, Line::words("Expires ").time(at("2026-11-22T14:32:00Z")));
    }
    card
}

fn title(face: Face, sentence: Line) -> Line {
    match face {
        Face::Pending => Line::words("Approval needed: ").line(sentence),
        Face::Partial => Line::words("1 of 2 approved: ").line(sentence),
        Face::Approved => {
            Line::words("Approved: ").line(sentence).and(" until ").time(at("2026-11-22T14:42:00Z"))
        }
        Face::Denied => Line::words("Denied: ").line(sentence),
        Face::Expired => Line::words("Expired, nothing granted: ").line(sentence),
        Face::Cancelled => Line::words("Withdrawn, nothing granted: ").line(sentence),
        Face::Failed => Line::words("Failed, nothing granted: ").line(sentence),
        Face::Mixed => Line::words("Ended in parts: ").line(sentence),
    }
}

fn progress(face: Face) -> Vec<Progress> {
    let erin = outside("Erin").and(" ").time(at("2026-11-22T14:06:00Z"));
    match face {
        Face::Pending => vec![open()],
        Face::Partial => vec![step(ProgressMark::Done, erin), open(), security()],
        Face::Approved | Face::Mixed => vec![
            step(ProgressMark::Done, erin),
            step(
                ProgressMark::Done,
                outside("Shop Admin").and(" told ").time(at("2026-11-22T14:19:00Z")),
            ),
        ],
        Face::Denied => vec![step(
            ProgressMark::Refused,
            erin.and(": Too broad – ").line(outside("ask for refunds only")),
        )],
        Face::Expired => vec![step(ProgressMark::Note, Line::words("1 of 2 had approved"))],
        Face::Cancelled | Face::Failed => Vec::new(),
    }
}

fn open() -> Progress {
    step(ProgressMark::Open, Line::words("1 of 2 from shop leads: Farid or Gus"))
}

fn security() -> Progress {
    step(ProgressMark::Later, Line::words("then 1 from security"))
}

fn step(mark: ProgressMark, line: Line) -> Progress {
    Progress { mark, line }
}

fn actions() -> Vec<Button> {
    vec![
        button(Verb::Approve, "Approve…", Emphasis::Primary, Some(number())),
        button(Verb::ApproveLess, "Approve less…", Emphasis::Plain, Some(less(2))),
        button(Verb::Deny, "Deny…", Emphasis::Danger, Some(deny())),
        button(Verb::Details, "Details", Emphasis::Plain, None),
    ]
}

/// The one button that needs no form.
pub(crate) fn one_click() -> Button {
    button(Verb::Approve, "Approve", Emphasis::Primary, None)
}

pub(crate) fn button(
    verb: Verb,
    label: &'static str,
    emphasis: Emphasis,
    form: Option<Form>,
) -> Button {
    Button {
        verb,
        label,
        spoken: format!("{label}. Approval needed: Shop Admin wants to change live orders"),
        emphasis,
        token: format!("crd_01KA7M6Q5X8R3T0V2W4Y6Z8B1C.{}", verb.as_str()),
        form,
    }
}

fn number() -> Form {
    Form {
        title: "Approve this?",
        summary: vec![outside("Shop Admin").and(" can edit orders for 1 hour.")],
        fields: vec![Field::Number { name: "number", label: "Number on the requester's screen" }],
        submit: "Approve",
    }
}

/// The form that approves less of so many scopes.
pub(crate) fn less(scopes: usize) -> Form {
    let scopes = (0..scopes).map(|number| FieldOption {
        value: number.to_string(),
        label: outside(&format!("Change live orders of shop {number}")),
    });
    let lives = [3600, 1800, 900].map(|seconds| FieldOption {
        value: seconds.to_string(),
        label: Line::words(format!("{} minutes", seconds / 60)),
    });
    Form {
        title: "Approve less",
        summary: Vec::new(),
        fields: vec![
            Field::Checks { name: "scopes", label: "Grant only", options: scopes.collect() },
            Field::Choice { name: "valid_for", label: "For how long", options: lives.into() },
        ],
        submit: "Approve less",
    }
}

pub(crate) fn deny() -> Form {
    let reasons = DenyReason::ALL.map(|reason| FieldOption {
        value: reason.as_str().to_owned(),
        label: Line::words(reason.words()),
    });
    Form {
        title: "Deny this?",
        summary: Vec::new(),
        fields: vec![
            Field::Choice { name: "reason", label: "Why?", options: reasons.into() },
            Field::Text { name: "comment", label: "In a few words" },
        ],
        submit: "Deny",
    }
}
