//! An Adaptive Card as a client of Teams sees it: its words, what can be pressed, which fields go
//! with a press, and what Teams would not take.

use serde_json::{Map, Value};

/// Elements and actions of version 1.5 that a card may hold.
const KINDS: &[&str] = &[
    "AdaptiveCard",
    "Action.Execute",
    "Action.OpenUrl",
    "Action.ShowCard",
    "Action.Submit",
    "ActionSet",
    "Column",
    "ColumnSet",
    "Container",
    "Fact",
    "FactSet",
    "Input.ChoiceSet",
    "Input.Text",
    "RichTextBlock",
    "TextBlock",
    "TextRun",
];

/// A button that sends something, with the fields that go with it: those of its own card and of the
/// cards around it.
#[derive(Debug, Clone)]
pub struct Press {
    pub verb: String,
    data: Map<String, Value>,
    /// What a client sends that knows no `Action.Execute`.
    fallback: Option<Map<String, Value>>,
    fields: Vec<Value>,
}

/// What somebody enters before they press: fields by the end of their id.
#[derive(Debug, Clone, Default)]
pub struct Entries(Vec<(String, String)>);

impl Entries {
    /// Leaves everything as it is.
    pub fn none() -> Self {
        Self::default()
    }

    /// Types into a field, or chooses by value; several values have commas between them.
    #[must_use]
    pub fn enter(mut self, field: &str, value: &str) -> Self {
        self.0.push((field.to_owned(), value.to_owned()));
        self
    }

    /// What JSON says.
    pub(crate) fn from_json(entries: &Map<String, Value>) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Self(entries.iter().map(|(field, value)| (field.clone(), text(value))).collect())
    }
}

impl Press {
    /// What `Action.Execute` sends, or why the client does not send it.
    pub(crate) fn executed(&self, entries: &Entries) -> Result<Value, String> {
        self.sent(&self.data, entries)
    }

    /// What `Action.Submit` sends in its place.
    pub(crate) fn submitted(&self, entries: &Entries) -> Result<Value, String> {
        let fallback = self.fallback.as_ref();
        self.sent(fallback.ok_or_else(|| format!("{} has no fallback", self.verb))?, entries)
    }

    fn sent(&self, data: &Map<String, Value>, entries: &Entries) -> Result<Value, String> {
        let mut sent = data.clone();
        let mut used = 0;
        for field in &self.fields {
            let id = text(field, "id");
            let entry = entries.0.iter().rev().find(|(name, _)| id.ends_with(name.as_str()));
            used += usize::from(entry.is_some());
            let value = entry.map_or_else(|| text(field, "value"), |(_, value)| value.clone());
            admit(field, &id, &value)?;
            // A client leaves out what is empty.
            if !value.is_empty() {
                sent.insert(id, value.into());
            }
        }
        if used == entries.0.len() {
            return Ok(sent.into());
        }
        Err(format!("not every field of {:?} is in the form of {}", entries.0, self.verb))
    }
}

/// What a client lets somebody enter.
fn admit(field: &Value, id: &str, value: &str) -> Result<(), String> {
    let is_required = field.get("isRequired").and_then(Value::as_bool).unwrap_or_default();
    if is_required && value.is_empty() {
        return Err(format!("the field {id} has to be filled in"));
    }
    let longest = field.get("maxLength").and_then(Value::as_u64).unwrap_or(u64::MAX);
    if value.chars().count() as u64 > longest {
        return Err(format!("the field {id} takes {longest} characters"));
    }
    let Some(choices) = field.get("choices").and_then(Value::as_array) else { return Ok(()) };
    let offered = |one: &str| choices.iter().any(|choice| text(choice, "value") == one);
    match value.split(',').find(|one| !one.is_empty() && !offered(one)) {
        Some(one) => Err(format!("the field {id} does not offer {one}")),
        None => Ok(()),
    }
}

/// Everything that can be pressed, in forms too.
pub fn pressable(card: &Value) -> Vec<Press> {
    let mut all = Vec::new();
    gather(card, &[], &mut all);
    all
}

fn gather(card: &Value, around: &[Value], all: &mut Vec<Press>) {
    let mut fields = around.to_vec();
    let mut actions = Vec::new();
    for list in ["body", "actions"] {
        let elements = card.get(list).and_then(Value::as_array).into_iter().flatten();
        elements.for_each(|element| sort(element, &mut fields, &mut actions));
    }
    for action in actions {
        match text(action, "type").as_str() {
            "Action.Execute" => all.push(Press {
                verb: text(action, "verb"),
                data: object(action.get("data")).unwrap_or_default(),
                fallback: object(action.pointer("/fallback/data")),
                fields: fields.clone(),
            }),
            "Action.ShowCard" => gather(action.get("card").unwrap_or(card), &fields, all),
            _ => {}
        }
    }
}

/// The fields and the actions of one card, those of forms that unfold left out.
fn sort<'c>(element: &'c Value, fields: &mut Vec<Value>, actions: &mut Vec<&'c Value>) {
    let kind = text(element, "type");
    if kind.starts_with("Action.") {
        actions.push(element);
    } else if kind.starts_with("Input.") {
        fields.push(element.clone());
    } else {
        for list in ["items", "columns", "actions"] {
            let inner = element.get(list).and_then(Value::as_array).into_iter().flatten();
            inner.for_each(|element| sort(element, fields, actions));
        }
    }
}

/// Every text that is seen before a form is unfolded, one a line.
pub fn words(card: &Value) -> String {
    let mut lines = Vec::new();
    read(card, &mut lines);
    lines.join("\n")
}

fn read(element: &Value, lines: &mut Vec<String>) {
    let runs = element.get("inlines").and_then(Value::as_array);
    let runs = runs.into_iter().flatten().map(|run| text(run, "text"));
    let line = text(element, "text") + &runs.collect::<String>();
    lines.extend(Some(line).filter(|line| !line.is_empty()));
    for list in ["body", "items", "columns"] {
        let inner = element.get(list).and_then(Value::as_array).into_iter().flatten();
        inner.for_each(|element| read(element, lines));
    }
}

/// What Teams would not take of a card, if anything.
pub(crate) fn fault(card: &Value) -> Option<String> {
    if text(card, "type") != "AdaptiveCard" || text(card, "version") != "1.5" {
        return Some("not an Adaptive Card 1.5".to_owned());
    }
    let mut ids = Vec::new();
    judge(card, &mut ids)
}

fn judge(value: &Value, ids: &mut Vec<String>) -> Option<String> {
    match value {
        Value::Object(members) => {
            let kind = members.get("type").and_then(Value::as_str);
            if let Some(kind) = kind.filter(|kind| !KINDS.contains(kind)) {
                return Some(format!("there is no {kind}"));
            }
            let id = members.get("id").and_then(Value::as_str);
            if let Some(id) = id.filter(|id| ids.iter().any(|other| other == id)) {
                return Some(format!("two fields are called {id}"));
            }
            ids.extend(id.map(str::to_owned));
            members.iter().find_map(|(_, value)| judge(value, ids))
        }
        Value::Array(values) => values.iter().find_map(|value| judge(value, ids)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

pub(crate) fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn object(value: Option<&Value>) -> Option<Map<String, Value>> {
    value.and_then(Value::as_object).cloned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn card() -> Value {
        let execute = |verb: &str| {
            let submit = json!({ "type": "Action.Submit", "data": { "verb": verb } });
            json!({ "type": "Action.Execute", "verb": verb, "data": { "t": 1 }, "fallback": submit })
        };
        let choices = json!([{ "title": "A", "value": "a" }, { "title": "B", "value": "b" }]);
        let form = json!({ "type": "AdaptiveCard", "version": "1.5", "actions": [execute("deny")],
            "body": [
                { "type": "Input.ChoiceSet", "id": "deny-reason", "isRequired": true, "choices": choices },
                { "type": "Input.Text", "id": "deny-comment", "maxLength": 5 },
            ] });
        json!({ "type": "AdaptiveCard", "version": "1.5", "body": [
            { "type": "Container", "items": [{ "type": "TextBlock", "text": "Who" }] },
            { "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": "wa" }, { "type": "TextRun", "text": "nts" }] },
            { "type": "ActionSet", "actions": [execute("approve"), { "type": "Action.ShowCard", "card": form }] },
        ] })
    }

    #[test]
    fn a_form_holds_back_its_own_button_and_no_other() {
        let card = card();
        let [approve, deny] = &pressable(&card)[..] else { panic!("two buttons") };
        assert_eq!(approve.executed(&Entries::none()).unwrap(), json!({ "t": 1 }));
        let missing = deny.executed(&Entries::none()).unwrap_err();
        assert_eq!(missing, "the field deny-reason has to be filled in");
        let filled = Entries::none().enter("reason", "b");
        assert_eq!(deny.executed(&filled).unwrap(), json!({ "t": 1, "deny-reason": "b" }));
        let submitted = json!({ "verb": "deny", "deny-reason": "b" });
        assert_eq!(deny.submitted(&filled).unwrap(), submitted);
        for wrong in [("reason", "c"), ("comment", "six or"), ("number", "1")] {
            assert!(deny.executed(&filled.clone().enter(wrong.0, wrong.1)).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn words_are_those_that_are_seen() {
        assert_eq!(words(&card()), "Who\nwants");
        assert_eq!(fault(&card()), None);
    }

    #[test]
    fn what_teams_does_not_know_is_a_fault() {
        let mut wrong = card();
        wrong["body"][0]["type"] = "Contaner".into();
        assert_eq!(fault(&wrong).unwrap(), "there is no Contaner");
        let mut wrong = card();
        wrong["version"] = "1.6".into();
        assert!(fault(&wrong).is_some());
        let mut wrong = card();
        let field = wrong["body"][2]["actions"][1]["card"]["body"][0].clone();
        wrong["body"].as_array_mut().unwrap().push(field);
        assert_eq!(fault(&wrong).unwrap(), "two fields are called deny-reason");
    }
}
