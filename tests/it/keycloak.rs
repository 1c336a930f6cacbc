//! Stories with Keycloak: a whole service that a realm hands its decisions over to. The scenarios are
//! told of a Keycloak that keeps its contract, and of the real one where there is one.

mod bad;
mod desk;
mod doubt;
mod fake;
mod kill;
mod process;
mod real;
mod realm;
mod refused;
mod scenario;
pub(crate) mod step_up;
