//! What Slack does with an answer: for a submission it closes the modal, complains in it, or shows
//! another in its place or on top; for a command it shows what was said.

use serde_json::{Value, json};

use crate::{
    Core,
    answer::Answer,
    api::view,
    delivery::{Kind, Payload},
    message::View,
    state::State,
};

impl Core {
    /// Does what the answer says, and remarks where it cannot be done.
    pub(crate) fn follow(&self, payload: &Payload, answer: &Answer) {
        let submits = payload.json.get("type").is_some_and(|kind| kind == "view_submission");
        if payload.kind == Kind::Command && !answer.body.is_empty() {
            let url = text_at(&payload.json, "/response_url");
            let said = answer.json().unwrap_or_else(|| json!({ "text": answer.body }));
            self.say_at_once(url, said);
        }
        if payload.kind == Kind::Interaction && submits {
            let mut state = self.state();
            let said = answer.json().unwrap_or_else(|| json!({}));
            if let Err(why) = follow(&mut state, &payload.json, &said) {
                state.remark(format!("the answer to a submission cannot be followed: {why}"));
            }
        }
    }
}

fn follow(state: &mut State, submission: &Value, said: &Value) -> Result<(), String> {
    let modals = state.modals.entry(text_at(submission, "/user/id").to_owned()).or_default();
    // What was sent twice is followed once.
    let is_meant = |top: &&mut View| top.id() == text_at(submission, "/view/id");
    let Some(top) = modals.last_mut().filter(is_meant) else { return Ok(()) };
    let content = said.get("view").cloned().unwrap_or_default();
    match said.get("response_action").and_then(Value::as_str) {
        None => drop(modals.pop()),
        Some("clear") => modals.clear(),
        Some("errors") => complain(top, said)?,
        Some("update") => {
            let top = top.clone();
            view::replace(state, &top, content).map_err(|refused| refused.error)?;
        }
        Some("push") => {
            let trigger = state.triggers.get(text_at(submission, "/trigger_id")).cloned();
            let trigger = trigger.ok_or("the submission had no trigger")?;
            view::stack(state, &trigger, content).map_err(|refused| refused.error)?;
        }
        Some(other) => return Err(format!("there is no response_action {other}")),
    }
    Ok(())
}

fn complain(top: &mut View, said: &Value) -> Result<(), String> {
    let errors = said.get("errors").and_then(Value::as_object).cloned().unwrap_or_default();
    let known = |id: &String| {
        top.blocks().iter().any(|block| block.get("block_id").is_some_and(|own| own == id.as_str()))
    };
    if let Some(stray) = errors.keys().find(|id| !known(id)) {
        return Err(format!("errors for the block {stray}, which is not there"));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    top.errors = errors.iter().map(|(id, error)| (id.clone(), text(error))).collect();
    top.is_read = false;
    Ok(())
}

fn text_at<'j>(json: &'j Value, pointer: &str) -> &'j str {
    json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
