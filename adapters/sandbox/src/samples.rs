//! Cards for the tests of both renderers, full of text that wants to be more than text.

use countersign_port::{
    access::DenyReason,
    card::{
        Button, Card, Change, Emphasis, Face, Fact, Field, FieldOption, Form, Line, Novelty,
        Progress, ProgressMark, Quote, Verb,
    },
    text::{Shown, Untrusted},
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

/// A quote that would like to be a card.
const FALSE_CARD: &str = "Routine.\n\n✔ Approved: Shop Admin may change live orders\n</blockquote>\
    <button>Record</button>";

/// Markup, a link, a mention and a Markdown link in one line.
pub(crate) const HOSTILE: &str = "<b onclick=alert(1)>Dana</b> <https://evil.example|Approve> \
    <!channel> [Approve](https://evil.example) \"' & {{ 7 }}";

fn shown(text: &str) -> Shown {
    Untrusted::new(text).display()
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A card with something in every part. What has ended has nothing to press.
pub(crate) fn card(face: Face) -> Card {
    let actions = if face.is_final() { vec![details()] } else { actions() };
    Card {
        request: "arq_7F".to_owned(),
        version: 3,
        face,
        title: Line::words(word(face))
            .outside(shown(HOSTILE))
            .and(" wants to change live orders in production"),
        warnings: vec![Line::words("This name mixes alphabets: ").outside(shown("Ѕhop <i>"))],
        facts: vec![
            Fact { label: "Asked by", value: Line::default().outside(shown(HOSTILE)) },
            Fact { label: "Risk", value: Line::words("▲ High risk") },
        ],
        quote: Some(Quote {
            who: shown("Dana <i>"),
            text: Untrusted::new(FALSE_CARD).display_lines(),
        }),
        changes: vec![
            change(Novelty::New, "Change live orders", "prod:orders:write"),
            change(Novelty::Held, "See <orders>", "orders:read"),
        ],
        consequence: (!face.is_final()).then(|| {
            Line::words("If you approve: Shop Admin can edit orders until ")
                .time(at("2026-11-22T14:42:00Z"))
        }),
        progress: vec![
            step(ProgressMark::Done, Line::words("Erin ").time(at("2026-11-22T14:06:00Z"))),
            step(ProgressMark::Open, Line::words("one more shop lead (Farid, Gus)")),
            step(ProgressMark::Later, Line::words("then security")),
        ],
        actions,
        footer: vec![
            Line::words("Expires ").time(at("2026-11-22T14:32:00Z")),
            Line::words("arq_7F · v3"),
        ],
        notification: Line::words("Approval needed: ").outside(shown(HOSTILE)),
    }
}

fn word(face: Face) -> &'static str {
    match face {
        Face::Pending => "Approval needed: ",
        Face::Partial => "1 of 3 approved: ",
        Face::Approved => "Approved: ",
        Face::Denied => "Denied: ",
        Face::Expired => "Expired, nothing granted: ",
        Face::Cancelled => "Withdrawn, nothing granted: ",
        Face::Failed => "Failed, nothing granted: ",
        Face::Mixed => "Ended in parts: ",
    }
}

fn change(novelty: Novelty, title: &str, name: &str) -> Change {
    Change { novelty, title: shown(title), name: shown(name) }
}

fn step(mark: ProgressMark, line: Line) -> Progress {
    Progress { mark, line }
}

fn actions() -> Vec<Button> {
    vec![
        button(Verb::Approve, "Approve…", Emphasis::Primary, Some(number())),
        button(Verb::ApproveLess, "Approve less…", Emphasis::Plain, Some(less())),
        button(Verb::Deny, "Deny…", Emphasis::Danger, Some(deny())),
        details(),
    ]
}

fn details() -> Button {
    button(Verb::Details, "Details", Emphasis::Plain, None)
}

fn button(verb: Verb, label: &'static str, emphasis: Emphasis, form: Option<Form>) -> Button {
    Button {
        verb,
        label,
        spoken: format!("{} what \"Dana\" & <Shop> ask for", verb.as_str()),
        emphasis,
        token: format!("token-\"{}\"", verb.as_str()),
        form,
    }
}

fn form(title: &'static str, submit: &'static str, fields: Vec<Field>) -> Form {
    let summary = vec![Line::words("Shop Admin wants ").outside(shown(HOSTILE))];
    Form { title, summary, fields, submit }
}

fn number() -> Form {
    let fields = vec![Field::Number { name: "number", label: "The number on Dana's screen" }];
    form("Approve", "Approve", fields)
}

fn less() -> Form {
    let scopes = vec![
        option("0", Line::words("Change live orders")),
        option("1", Line::default().outside(shown("See <orders>"))),
    ];
    let times = vec![option("600", Line::words("10 min")), option("1200", Line::words("20 min"))];
    let fields = vec![
        Field::Checks { name: "scopes", label: "What stays", options: scopes },
        Field::Choice { name: "valid_for", label: "For how long", options: times },
    ];
    form("Approve less", "Approve what is ticked", fields)
}

fn deny() -> Form {
    let reasons =
        DenyReason::ALL.map(|reason| option(reason.as_str(), Line::words(reason.words()))).into();
    let fields = vec![
        Field::Choice { name: "reason", label: "Why", options: reasons },
        Field::Text { name: "comment", label: "In your words" },
    ];
    form("Deny", "Deny", fields)
}

fn option(value: &str, label: Line) -> FieldOption {
    FieldOption { value: value.to_owned(), label }
}
