//! Ory Hydra's consent page: Hydra keeps the browser of whoever wants access, so the page waits while
//! people decide elsewhere. Nothing on it can approve. `door` is the page, `admin` speaks to Hydra,
//! `browser` ties a consent to the browser that brought it, `doctor` looks whether Hydra is well.

mod admin;
mod browser;
pub mod doctor;
mod door;
mod page;
pub mod settings;

pub use self::{
    browser::Browsers,
    door::{Parts, routes},
};
