//! Block Kit as tables: which fields an object has, and how long they may be. After the reference
//! at docs.slack.dev and `@slack/types` 3.2.0.

/// Whether an object is refused without a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

/// What a field holds.
#[derive(Debug)]
pub(super) enum Rule {
    Any,
    Flag,
    Whole,
    /// A string of at most so many characters.
    Chars(usize),
    OneOf(&'static [&'static str]),
    /// A text object of either kind.
    Text(usize),
    /// A `plain_text` object.
    Plain(usize),
    /// An object whose `type` is one of these.
    Object(&'static [&'static str]),
    /// An object without a `type`.
    Of(&'static Shape),
    /// At least one and at most so many.
    List(usize, &'static Rule),
}

/// The fields of an object besides `type`.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) fields: &'static [(&'static str, Need, Rule)],
    /// At least one of these has to be there.
    pub(super) one_of: &'static [&'static str],
}

const fn shape(fields: &'static [(&'static str, Need, Rule)]) -> Shape {
    Shape { fields, one_of: &[] }
}

use Need::{Optional as Opt, Required as Req};

/// What stands in a message, a modal or a home tab.
pub(super) const BLOCKS: &[&str] =
    &["section", "header", "divider", "context", "actions", "input", "rich_text", "image"];

/// What answers with an `action_id`.
pub(super) const INTERACTIVE: &[&str] = &[
    "button",
    "checkboxes",
    "radio_buttons",
    "static_select",
    "multi_static_select",
    "overflow",
    "plain_text_input",
    "number_input",
];

const ACTIONS: &[&str] =
    &["button", "checkboxes", "radio_buttons", "static_select", "multi_static_select", "overflow"];
const ACCESSORIES: &[&str] = &[
    "button",
    "checkboxes",
    "radio_buttons",
    "static_select",
    "multi_static_select",
    "overflow",
    "image",
];
const INPUTS: &[&str] = &[
    "checkboxes",
    "radio_buttons",
    "static_select",
    "multi_static_select",
    "plain_text_input",
    "number_input",
];
const RICH: &[&str] =
    &["rich_text_section", "rich_text_quote", "rich_text_preformatted", "rich_text_list"];
const RICH_INLINE: &[&str] = &["text", "link", "emoji", "user", "date"];

const ID: Rule = Rule::Chars(255);
const OPTION: Rule = Rule::Of(&OPTION_SHAPE);
const OPTION_SHAPE: Shape = shape(&[
    ("text", Req, Rule::Text(75)),
    ("value", Req, Rule::Chars(150)),
    ("description", Opt, Rule::Text(75)),
]);
const CONFIRM: Rule = Rule::Of(&CONFIRM_SHAPE);
const CONFIRM_SHAPE: Shape = shape(&[
    ("title", Req, Rule::Plain(100)),
    ("text", Req, Rule::Text(300)),
    ("confirm", Req, Rule::Plain(30)),
    ("deny", Req, Rule::Plain(30)),
    ("style", Opt, Rule::OneOf(&["primary", "danger"])),
]);
const DISPATCH: Rule = Rule::Of(&DISPATCH_SHAPE);
const DISPATCH_SHAPE: Shape = shape(&[("trigger_actions_on", Opt, Rule::Any)]);

pub(super) const MODAL: Shape = shape(&[
    ("title", Req, Rule::Plain(24)),
    ("blocks", Req, Rule::Any),
    ("submit", Opt, Rule::Plain(24)),
    ("close", Opt, Rule::Plain(24)),
    ("private_metadata", Opt, Rule::Chars(3000)),
    ("callback_id", Opt, ID),
    ("external_id", Opt, ID),
    ("clear_on_close", Opt, Rule::Flag),
    ("notify_on_close", Opt, Rule::Flag),
    ("submit_disabled", Opt, Rule::Flag),
]);

pub(super) const HOME: Shape = shape(&[
    ("blocks", Req, Rule::Any),
    ("private_metadata", Opt, Rule::Chars(3000)),
    ("callback_id", Opt, ID),
    ("external_id", Opt, ID),
]);

/// The fields of a typed object; none where the type is unknown.
pub(super) fn of(named: &str) -> Option<&'static Shape> {
    let table = [TEXTS, LAYOUT, ELEMENTS, RICH_TEXT].into_iter().flatten();
    table.into_iter().find(|(known, _)| *known == named).map(|(_, shape)| shape)
}

type Table = &'static [(&'static str, Shape)];

const TEXTS: Table = &[
    // The length of `text` depends on where the object stands.
    ("plain_text", shape(&[("text", Req, Rule::Any), ("emoji", Opt, Rule::Flag)])),
    ("mrkdwn", shape(&[("text", Req, Rule::Any), ("verbatim", Opt, Rule::Flag)])),
];

const LAYOUT: Table = &[
    (
        "section",
        Shape {
            fields: &[
                ("text", Opt, Rule::Text(3000)),
                ("fields", Opt, Rule::List(10, &Rule::Text(2000))),
                ("accessory", Opt, Rule::Object(ACCESSORIES)),
                ("expand", Opt, Rule::Flag),
                ("block_id", Opt, ID),
            ],
            one_of: &["text", "fields"],
        },
    ),
    ("header", shape(&[("text", Req, Rule::Plain(150)), ("block_id", Opt, ID)])),
    ("divider", shape(&[("block_id", Opt, ID)])),
    (
        "context",
        shape(&[
            ("elements", Req, Rule::List(10, &Rule::Object(&["plain_text", "mrkdwn", "image"]))),
            ("block_id", Opt, ID),
        ]),
    ),
    (
        "actions",
        shape(&[("elements", Req, Rule::List(25, &Rule::Object(ACTIONS))), ("block_id", Opt, ID)]),
    ),
    (
        "input",
        shape(&[
            ("label", Req, Rule::Plain(2000)),
            ("element", Req, Rule::Object(INPUTS)),
            ("hint", Opt, Rule::Plain(2000)),
            ("optional", Opt, Rule::Flag),
            ("dispatch_action", Opt, Rule::Flag),
            ("block_id", Opt, ID),
        ]),
    ),
    (
        "image",
        shape(&[
            ("image_url", Req, Rule::Chars(3000)),
            ("alt_text", Req, Rule::Chars(2000)),
            ("title", Opt, Rule::Plain(2000)),
            ("block_id", Opt, ID),
        ]),
    ),
];

const ELEMENTS: Table = &[
    (
        "button",
        shape(&[
            ("text", Req, Rule::Plain(75)),
            ("action_id", Opt, ID),
            ("value", Opt, Rule::Chars(2000)),
            ("url", Opt, Rule::Chars(3000)),
            ("style", Opt, Rule::OneOf(&["primary", "danger"])),
            ("confirm", Opt, CONFIRM),
            ("accessibility_label", Opt, Rule::Chars(75)),
        ]),
    ),
    (
        "checkboxes",
        shape(&[
            ("options", Req, Rule::List(10, &OPTION)),
            ("initial_options", Opt, Rule::List(10, &OPTION)),
            ("action_id", Opt, ID),
            ("confirm", Opt, CONFIRM),
            ("focus_on_load", Opt, Rule::Flag),
        ]),
    ),
    (
        "radio_buttons",
        shape(&[
            ("options", Req, Rule::List(10, &OPTION)),
            ("initial_option", Opt, OPTION),
            ("action_id", Opt, ID),
            ("confirm", Opt, CONFIRM),
            ("focus_on_load", Opt, Rule::Flag),
        ]),
    ),
    (
        "static_select",
        shape(&[
            ("options", Req, Rule::List(100, &OPTION)),
            ("initial_option", Opt, OPTION),
            ("placeholder", Opt, Rule::Plain(150)),
            ("action_id", Opt, ID),
            ("confirm", Opt, CONFIRM),
            ("focus_on_load", Opt, Rule::Flag),
        ]),
    ),
    (
        "multi_static_select",
        shape(&[
            ("options", Req, Rule::List(100, &OPTION)),
            ("initial_options", Opt, Rule::List(100, &OPTION)),
            ("max_selected_items", Opt, Rule::Whole),
            ("placeholder", Opt, Rule::Plain(150)),
            ("action_id", Opt, ID),
            ("confirm", Opt, CONFIRM),
            ("focus_on_load", Opt, Rule::Flag),
        ]),
    ),
    (
        "overflow",
        shape(&[
            ("options", Req, Rule::List(5, &OPTION)),
            ("action_id", Opt, ID),
            ("confirm", Opt, CONFIRM),
        ]),
    ),
    (
        "plain_text_input",
        shape(&[
            ("action_id", Opt, ID),
            ("initial_value", Opt, Rule::Chars(3000)),
            ("multiline", Opt, Rule::Flag),
            ("min_length", Opt, Rule::Whole),
            ("max_length", Opt, Rule::Whole),
            ("placeholder", Opt, Rule::Plain(150)),
            ("dispatch_action_config", Opt, DISPATCH),
            ("focus_on_load", Opt, Rule::Flag),
        ]),
    ),
    (
        "number_input",
        shape(&[
            ("is_decimal_allowed", Req, Rule::Flag),
            ("action_id", Opt, ID),
            ("initial_value", Opt, Rule::Chars(3000)),
            ("min_value", Opt, Rule::Chars(255)),
            ("max_value", Opt, Rule::Chars(255)),
            ("placeholder", Opt, Rule::Plain(150)),
            ("dispatch_action_config", Opt, DISPATCH),
            ("focus_on_load", Opt, Rule::Flag),
        ]),
    ),
];

const INLINE: Rule = Rule::List(1000, &Rule::Object(RICH_INLINE));
const STYLE: Rule = Rule::Of(&STYLE_SHAPE);
const STYLE_SHAPE: Shape = shape(&[
    ("bold", Opt, Rule::Flag),
    ("italic", Opt, Rule::Flag),
    ("strike", Opt, Rule::Flag),
    ("code", Opt, Rule::Flag),
]);

const RICH_TEXT: Table = &[
    (
        "rich_text",
        shape(&[("elements", Req, Rule::List(1000, &Rule::Object(RICH))), ("block_id", Opt, ID)]),
    ),
    ("rich_text_section", shape(&[("elements", Req, INLINE)])),
    ("rich_text_quote", shape(&[("elements", Req, INLINE), ("border", Opt, Rule::Whole)])),
    ("rich_text_preformatted", shape(&[("elements", Req, INLINE), ("border", Opt, Rule::Whole)])),
    (
        "rich_text_list",
        shape(&[
            ("elements", Req, Rule::List(1000, &Rule::Object(&["rich_text_section"]))),
            ("style", Req, Rule::OneOf(&["bullet", "ordered"])),
            ("indent", Opt, Rule::Whole),
            ("offset", Opt, Rule::Whole),
            ("border", Opt, Rule::Whole),
        ]),
    ),
    ("text", shape(&[("text", Req, Rule::Chars(40_000)), ("style", Opt, STYLE)])),
    (
        "link",
        shape(&[
            ("url", Req, Rule::Chars(3000)),
            ("text", Opt, Rule::Chars(40_000)),
            ("unsafe", Opt, Rule::Flag),
            ("style", Opt, STYLE),
        ]),
    ),
    ("emoji", shape(&[("name", Req, ID), ("unicode", Opt, ID), ("style", Opt, STYLE)])),
    ("user", shape(&[("user_id", Req, ID), ("style", Opt, STYLE)])),
    (
        "date",
        shape(&[
            ("timestamp", Req, Rule::Whole),
            ("format", Req, ID),
            ("url", Opt, Rule::Chars(3000)),
            ("fallback", Opt, ID),
        ]),
    ),
];
