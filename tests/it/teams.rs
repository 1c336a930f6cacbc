//! Stories in Teams: a whole service, connected to a Bot Connector that remembers.

mod connector;
mod decide;
mod workplace;
