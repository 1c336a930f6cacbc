//! Stories about the fake itself: what it does is what Slack documents. Slack's own SDKs judge it
//! beside these, in tests/peers/slack-fake.

#![cfg(test)]

mod app;
mod chat;
mod clicks;
mod oauth;
mod samples;
mod socket;
