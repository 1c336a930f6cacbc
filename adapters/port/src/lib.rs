//! The nouns and traits that every adapter implements. Depends on almost nothing and knows no
//! chat product, no OAuth server and no database.

pub mod access;
pub mod auth_server;
pub mod bearer;
pub mod body;
pub mod card;
pub mod chat;
pub mod clock;
pub mod consent;
pub mod cookie;
pub mod delegation;
pub mod directory;
pub mod error;
pub mod finding;
pub mod memory;
pub mod page;
pub mod random;
pub mod sign_in;
pub mod text;
pub mod webhook_signature;
