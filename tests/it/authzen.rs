//! AuthZEN as clients see it, over real HTTP. `authzen/README.md` says which story shows which rule.

mod batch;
mod chain;
mod denial;
mod emergency;
mod evaluate;
mod granted;
mod judge;
mod law;
mod metadata;
mod page;
mod pep;
mod reevaluate;
mod rights;
mod schema;
mod submit;
mod task;
