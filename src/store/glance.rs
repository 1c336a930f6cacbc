//! What every click has to know before it is judged, in one statement for all clicks that wait: the
//! cards that were pressed, and the numbers that say whether people or groups have changed.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use sqlx::{Row, any::AnyRow};

use super::{
    Store,
    card::{PostedCard, loss, secret},
    row,
};
use crate::domain::{access::effects::Reader, id::CardId};

/// How often people were changed, and how often it was told of each group that it may have changed.
/// They only grow, so that every replica sees what one of them was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    pub people: i64,
    /// By `SOURCE/VALUE`.
    pub doubts: BTreeMap<String, i64>,
}

/// Cards, and the marks of the same moment.
#[derive(Debug, Default)]
pub struct Glance {
    pub cards: HashMap<CardId, PostedCard>,
    pub marks: Marks,
}

/// There are few marks, and no order of letters is the same in every database.
macro_rules! marks {
    ($and:literal) => {
        concat!(
            "select 'mark' as kind, m.name as id, m.value as n, '' as request_id, '' as target, ",
            "'' as address, '' as message, '' as secret, '' as withdrawn, '' as plans ",
            "from mark m where m.name = 'people' or substr(m.name, 1, 6) = 'doubt/'",
            $and
        )
    };
}

const MARKS: &str = marks!("");

const GLANCE: &str = marks!(
    " union all select o.kind, o.id, o.item, o.request_id, o.target, o.address, \
     coalesce(o.message, ''), o.secret, coalesce(o.withdrawn, ''), r.plans \
   from json_each($1) j join outbox o on o.id = j.value ->> 'id' and o.kind in ('card', 'copy') \
   join request r on r.id = o.request_id"
);

impl Store {
    /// Looks these cards up.
    pub async fn glance(&self, cards: &[CardId]) -> Result<Glance, sqlx::Error> {
        let cards: Vec<Value> = cards.iter().map(|card| json!({ "id": card })).collect();
        let query = sqlx::query(GLANCE).bind(Value::Array(cards).to_string());
        Glance::of(&query.fetch_all(&self.read).await?)
    }

    /// The marks alone.
    pub async fn marks(&self) -> Result<Marks, sqlx::Error> {
        Ok(Glance::of(&sqlx::query(MARKS).fetch_all(&self.read).await?)?.marks)
    }
}

impl Glance {
    fn of(rows: &[AnyRow]) -> Result<Self, sqlx::Error> {
        let mut glance = Self::default();
        for row in rows {
            let (kind, name): (&str, &str) = (row.try_get("kind")?, row.try_get("id")?);
            match (kind, name.strip_prefix("doubt/")) {
                ("card" | "copy", _) => {
                    let card = card(name, kind, row)?;
                    glance.cards.insert(card.id.clone(), card);
                }
                (_, Some(group)) => {
                    glance.marks.doubts.insert(group.to_owned(), row.try_get("n")?);
                }
                (_, None) => glance.marks.people = row.try_get("n")?,
            }
        }
        Ok(glance)
    }
}

fn card(name: &str, kind: &str, row: &AnyRow) -> Result<PostedCard, sqlx::Error> {
    let id: CardId = row::id("outbox", name)?;
    let item = row::count("outbox", name, row.try_get("n")?)?;
    let plans: Vec<Steps> = row::json("request", name, row.try_get("plans")?)?;
    let filled = |column: &str| -> Result<Option<&str>, sqlx::Error> {
        let text: &str = row.try_get(column)?;
        Ok((!text.is_empty()).then_some(text))
    };
    let is_copy = kind == Reader::Requester.as_str();
    Ok(PostedCard {
        reader: if is_copy { Reader::Requester } else { Reader::Approvers },
        request: row::id("outbox", row.try_get("request_id")?)?,
        item,
        platform: row.try_get("target")?,
        address: row.try_get("address")?,
        message: filled("message")?.map(str::to_owned),
        secret: secret(&id, row.try_get("secret")?)?,
        withdrawn: loss(&id, filled("withdrawn")?)?,
        steps: plans.get(item).map_or(0, |plan| plan.steps.len()),
        id,
    })
}

/// The one member of a plan that is needed to read a button.
#[derive(serde::Deserialize)]
struct Steps {
    steps: Vec<serde::de::IgnoredAny>,
}
