//! What may be pressed on a card, and what must be filled in first.

use countersign_port::{
    access::DenyReason,
    card::{Button, Card, Emphasis, Face, Field, FieldOption, Form, Line, Verb},
};

use super::{Scene, renewal, words};
use crate::domain::{
    button::{Meaning, token},
    decide::ItemState,
    id::CardId,
    plan::{NumberCheck, Plan, Risk},
};

/// Adds the buttons of a posted card: those of a decision, or the one that asks again.
pub fn add(card: &mut Card, scene: Scene<'_>, id: &CardId, secret: &[u8; 32]) {
    add_ask_again(card, scene, id, secret);
    if !matches!(card.face, Face::Pending | Face::Partial) {
        return;
    }
    let Some(plan) = scene.view.plans.get(scene.item) else { return };
    let Some(ItemState::Pending(standing)) =
        scene.view.states(scene.now).into_iter().nth(scene.item)
    else {
        return;
    };
    let step = standing.step;
    let token = |verb| token(id, secret, Meaning { step, verb });
    let sentence = card.title.plain();
    let mut buttons = vec![approve(plan, card, &sentence)];
    let can_be_less = plan.parts.len() > 1 || plan.valid_for_seconds >= 2 * SHORTEST_SECONDS;
    // Whoever has handed the decision over grants all or nothing.
    if can_be_less && scene.view.request.delegated.is_none() {
        buttons.push(approve_less(plan, &sentence));
    }
    buttons.push(deny(&sentence));
    buttons.push(details(&sentence));
    for button in &mut buttons {
        button.token = token(button.verb);
    }
    card.actions = buttons;
}

/// Adds the button that asks for the same once more, where that came to nothing. It is on the
/// requester's own card too.
pub fn add_ask_again(card: &mut Card, scene: Scene<'_>, id: &CardId, secret: &[u8; 32]) {
    if !renewal::is_offered(scene) {
        return;
    }
    card.actions = vec![Button {
        verb: Verb::AskAgain,
        label: "Ask again",
        spoken: format!("Ask again. {}", card.title.plain()),
        emphasis: Emphasis::Plain,
        token: token(id, secret, Meaning { step: 0, verb: Verb::AskAgain }),
        form: None,
    }];
}

/// Nobody needs to cut a life that is shorter than twice this.
const SHORTEST_SECONDS: i64 = 300;

fn approve(plan: &Plan, card: &Card, sentence: &str) -> Button {
    let form = (plan.risk >= Risk::High || plan.number_check == NumberCheck::Required)
        .then(|| confirmation(plan, card));
    Button {
        verb: Verb::Approve,
        label: if form.is_some() { "Approve…" } else { "Approve" },
        spoken: format!("Approve. {sentence}"),
        emphasis: Emphasis::Primary,
        token: String::new(),
        form,
    }
}

/// High risk is never one click: the summary stands above the button once more.
fn confirmation(plan: &Plan, card: &Card) -> Form {
    let mut summary = vec![card.title.clone()];
    summary.extend(card.consequence.clone());
    Form { title: "Approve this?", summary, fields: number_field(plan), submit: "Approve" }
}

fn number_field(plan: &Plan) -> Vec<Field> {
    let label = "Number on the requester's screen";
    match plan.number_check {
        NumberCheck::Required => vec![Field::Number { name: "number", label }],
        NumberCheck::NotNeeded => Vec::new(),
    }
}

fn approve_less(plan: &Plan, sentence: &str) -> Button {
    let options = plan.parts.iter().enumerate().map(|(number, part)| FieldOption {
        value: number.to_string(),
        label: Line::default().outside(part.title.display()),
    });
    // Offered even for a single part: what is not ticked is not granted, so an absent field would
    // read as nothing.
    let scopes = Field::Checks { name: "scopes", label: "Grant only", options: options.collect() };
    let mut fields = vec![scopes];
    fields.push(Field::Choice { name: "valid_for", label: "For how long", options: lives(plan) });
    fields.extend(number_field(plan));
    Button {
        verb: Verb::ApproveLess,
        label: "Approve less…",
        spoken: format!("Approve less. {sentence}"),
        emphasis: Emphasis::Plain,
        token: String::new(),
        form: Some(Form {
            title: "Approve less",
            summary: Vec::new(),
            fields,
            submit: "Approve less",
        }),
    }
}

/// The whole life, half of it, a quarter: whole minutes.
fn lives(plan: &Plan) -> Vec<FieldOption> {
    let mut lives: Vec<i64> = [1, 2, 4]
        .into_iter()
        .map(|part| plan.valid_for_seconds / part / 60 * 60)
        .filter(|seconds| *seconds >= 60)
        .collect();
    lives.dedup();
    lives
        .into_iter()
        .map(|seconds| FieldOption {
            value: seconds.to_string(),
            label: Line::words(words::duration(seconds)),
        })
        .collect()
}

fn deny(sentence: &str) -> Button {
    let options = DenyReason::ALL.map(|reason| FieldOption {
        value: reason.as_str().to_owned(),
        label: Line::words(reason.words()),
    });
    let fields = vec![
        Field::Choice { name: "reason", label: "Why?", options: options.to_vec() },
        Field::Text { name: "comment", label: "In a few words" },
    ];
    Button {
        verb: Verb::Deny,
        label: "Deny…",
        spoken: format!("Deny. {sentence}"),
        emphasis: Emphasis::Danger,
        token: String::new(),
        form: Some(Form { title: "Deny this?", summary: Vec::new(), fields, submit: "Deny" }),
    }
}

fn details(sentence: &str) -> Button {
    Button {
        verb: Verb::Details,
        label: "Details",
        spoken: format!("Details. {sentence}"),
        emphasis: Emphasis::Plain,
        token: String::new(),
        form: None,
    }
}
