//! Messages and views as people see them.

use serde_json::Value;

/// A message, or an answer that one person alone sees.
#[derive(Debug, Clone)]
pub struct Message {
    pub channel: String,
    pub ts: String,
    /// The message that this one answers in a thread.
    pub thread_ts: Option<String>,
    pub text: String,
    /// As Slack keeps them: every block has an id.
    pub blocks: Vec<Value>,
    /// When it was changed last.
    pub edited_ts: Option<String>,
    /// The only one who sees it, where it is ephemeral.
    pub only_for: Option<String>,
    /// What machines read, as it was posted.
    pub metadata: Option<Value>,
    /// Names the installation that posted it.
    pub(crate) bot_user: String,
    pub(crate) is_read: bool,
}

/// Something to press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    pub label: String,
    pub action_id: String,
    pub block_id: String,
    pub value: Option<String>,
    pub url: Option<String>,
    pub(crate) element: Value,
}

impl Message {
    /// All words of its blocks, or its text where it has none: one line for each text object.
    pub fn words(&self) -> String {
        if self.blocks.is_empty() { self.text.clone() } else { words(&self.blocks) }
    }

    /// The buttons, in reading order.
    pub fn buttons(&self) -> Vec<Button> {
        buttons(&self.blocks)
    }

    /// The button that carries this label or this `action_id`.
    pub fn button(&self, wanted: &str) -> Option<Button> {
        find_button(&self.blocks, wanted)
    }

    /// Slack's form of it.
    pub(crate) fn json(&self, app_id: &str, bot_id: &str, team: &str) -> Value {
        let mut json = serde_json::json!({
            "type": "message",
            "user": self.bot_user,
            "bot_id": bot_id,
            "app_id": app_id,
            "team": team,
            "text": self.text,
            "ts": self.ts,
        });
        let mut put = |key: &str, value: Option<Value>| {
            if let (Some(value), Some(object)) = (value, json.as_object_mut()) {
                object.insert(key.to_owned(), value);
            }
        };
        put("blocks", (!self.blocks.is_empty()).then(|| self.blocks.clone().into()));
        put("thread_ts", self.thread_ts.clone().map(Value::from));
        put("metadata", self.metadata.clone());
        let edit = |ts: &String| serde_json::json!({ "user": self.bot_user, "ts": ts });
        put("edited", self.edited_ts.as_ref().map(edit));
        json
    }
}

/// A modal or a home tab.
#[derive(Debug, Clone)]
pub struct View {
    /// Slack's form of it, as payloads carry it.
    pub json: Value,
    /// The complaints of the last submission, by block id.
    pub errors: Vec<(String, String)>,
    pub(crate) is_read: bool,
}

impl View {
    /// Its id.
    pub fn id(&self) -> &str {
        self.field("id")
    }

    /// Its `callback_id`.
    pub fn callback_id(&self) -> &str {
        self.field("callback_id")
    }

    /// Its `private_metadata`.
    pub fn private_metadata(&self) -> &str {
        self.field("private_metadata")
    }

    /// Title and all words of its blocks, one line for each text object.
    pub fn words(&self) -> String {
        let title = self.json.get("title").map(|title| words(std::slice::from_ref(title)));
        [title.unwrap_or_default(), words(self.blocks())].join("\n")
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Value] {
        self.json.get("blocks").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The button that carries this label or this `action_id`.
    pub fn button(&self, wanted: &str) -> Option<Button> {
        find_button(self.blocks(), wanted)
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        self.json.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

fn find_button(blocks: &[Value], wanted: &str) -> Option<Button> {
    buttons(blocks).into_iter().find(|one| one.action_id == wanted || one.label == wanted)
}

fn words(values: &[Value]) -> String {
    let mut lines = Vec::new();
    for value in values {
        collect_words(value, &mut lines);
    }
    lines.join("\n")
}

/// Where words stand, in the order in which they are read.
const SPEAKING: &[&str] = &[
    "title",
    "text",
    "label",
    "fields",
    "elements",
    "accessory",
    "element",
    "placeholder",
    "options",
    "description",
    "hint",
    "initial_value",
    "alt_text",
];

fn collect_words(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for inner in SPEAKING.iter().filter_map(|key| object.get(*key)) {
                match inner.as_str() {
                    Some(text) => lines.push(text.to_owned()),
                    None => collect_words(inner, lines),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| collect_words(inner, lines)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn buttons(blocks: &[Value]) -> Vec<Button> {
    let elements = blocks.iter().flat_map(|block| {
        let list = block.get("elements").and_then(Value::as_array).into_iter().flatten();
        list.chain(block.get("accessory")).map(move |element| (block, element))
    });
    elements.filter_map(|(block, element)| button(block, element)).collect()
}

fn button(block: &Value, element: &Value) -> Option<Button> {
    let text = |value: &Value, key: &str| value.get(key)?.as_str().map(str::to_owned);
    if element.get("type")?.as_str()? != "button" {
        return None;
    }
    Some(Button {
        label: text(element.get("text")?, "text")?,
        action_id: text(element, "action_id")?,
        block_id: text(block, "block_id")?,
        value: text(element, "value"),
        url: text(element, "url"),
        element: element.clone(),
    })
}
