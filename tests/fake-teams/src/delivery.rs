//! How an activity travels: with a token that was signed for it, to where the bot listens.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use crate::{
    FakeTeams,
    answer::{ANSWERED_WITHIN, Answer},
    card::{self, text},
};

impl FakeTeams {
    /// Posts an activity with a good token. It remarks on answers that show nothing to anybody.
    pub async fn deliver(&self, activity: &Value) -> Answer {
        let token = self.sign(&self.claims());
        let answer = self.post(Some(&format!("Bearer {token}")), activity.to_string()).await;
        let fault = if text(activity, "type") == "invoke" {
            answer.fault().or_else(|| card::fault(&answer.card()?))
        } else {
            (answer.status != Some(200)).then(|| format!("answered {:?}", answer.status))
        };
        if let Some(fault) = fault {
            self.core.state().remark(format!("{}: {fault}", text(activity, "type")));
        }
        answer
    }

    /// Posts anything, with any token or none. It does not complain about the answer.
    pub async fn post(&self, authorization: Option<&str>, body: String) -> Answer {
        let endpoint = self.core.state().endpoint.clone();
        let mut request = self.core.client.post(endpoint).timeout(ANSWERED_WITHIN).body(body);
        request = request.header(CONTENT_TYPE, "application/json; charset=utf-8");
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        match request.send().await {
            Ok(response) => Answer {
                status: Some(response.status().as_u16()),
                body: response.text().await.unwrap_or_default(),
            },
            Err(_) => Answer { status: None, body: String::new() },
        }
    }
}
