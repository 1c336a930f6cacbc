//! Where people sign in (OpenID Connect) to have their account in chat linked to them. `door` is the
//! page, `trip` binds the way there and back to one browser, `issuer` speaks to the identity provider,
//! `id_token` judges what it says.

mod doctor;
mod door;
mod id_token;
mod issuer;
mod page;
pub mod settings;
mod trip;

pub use self::{
    doctor::examine,
    door::{Parts, routes},
    trip::Trips,
};
