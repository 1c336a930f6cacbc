//! Keycloak's CIBA authentication channel: Keycloak asks whether somebody may have what a client
//! wants, waits, and is told one word. `door` and `bearer` are the way in, `callback` and `reply` the
//! way out. When to try again is the outbox's business.

pub mod settings;

mod bearer;
mod callback;
mod doctor;
mod door;
mod keycloak;
mod realm;
mod reply;

pub use self::keycloak::{Keycloak, Parts};
