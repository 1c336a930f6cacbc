//! Directories that are asked who is in a group: who is on call by PagerDuty or by an address of
//! one's own, and groups of Microsoft Entra. What is not a whole answer is no answer.

mod ask;
pub mod entra;
pub mod on_call;
pub mod pagerduty;
