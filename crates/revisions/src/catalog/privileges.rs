//! Privileges and owners, where they are asked for: the facts `owner` and `privileges` of objects, and default privileges
//! as objects of a class of their own.
//!
//! Not read are those of the database itself, of tablespaces, languages, foreign servers, parameters and large objects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio_postgres::Client;

use super::{Catalog, Class, Facts, Key, Scope};

const QUERY: &str = include_str!("privileges.sql");

/// The owner, as one to whom something is granted.
pub(crate) const OWNER: &str = "(owner)";

/// What is granted: to whom, what (with a column in brackets), and whether it may be granted on.
///
/// As a fact it is a sorted list: `app=INSERT,SELECT; public=SELECT; reporting=SELECT WITH GRANT OPTION`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Grants(pub(crate) BTreeMap<(String, String), bool>);

impl Grants {
    /// Reads a fact. Nobody has anything if it is `none`.
    pub(crate) fn of_fact(fact: &str) -> Self {
        let mut grants = Self::default();
        for item in outside_quotes(fact, ';') {
            let Some((who, rest)) = split_outside_quotes(item.trim(), '=') else {
                continue;
            };
            let (list, grantable) = match rest.strip_suffix(WITH_GRANT_OPTION) {
                Some(list) => (list, true),
                None => (rest, false),
            };
            // An owner without privileges has an empty list.
            for what in outside_quotes(list, ',') {
                let key = (who.to_owned(), what.to_owned());
                grants.0.insert(key, grantable);
            }
        }
        grants
    }

    /// What one of them has.
    pub(crate) fn of<'a>(&'a self, who: &'a str) -> impl Iterator<Item = (&'a str, bool)> {
        let own = self.0.iter().filter(move |((it, _), _)| it == who);
        own.map(|((_, what), grantable)| (what.as_str(), *grantable))
    }

    fn to_fact(&self) -> String {
        let mut items: BTreeMap<(&str, bool), Vec<&str>> = BTreeMap::new();
        for ((who, what), grantable) in &self.0 {
            items.entry((who, *grantable)).or_default().push(what);
        }
        let items = items.into_iter().map(|((who, grantable), what)| {
            let option = if grantable { WITH_GRANT_OPTION } else { "" };
            // One that has lost all has a single name that is empty.
            format!("{who}={}{option}", what.join(","))
        });
        let items: Vec<String> = items.collect();
        match items.is_empty() {
            true => "none".to_owned(),
            false => items.join("; "),
        }
    }

    /// The fact that tells these grants from the usual ones; nothing if they are those.
    fn fact(mut self, mut usual: Self) -> Option<String> {
        let (own, usual_own): (Vec<_>, Vec<_>) =
            (self.of(OWNER).collect(), usual.of(OWNER).collect());
        let is_usual = own == usual_own;
        let has_lost_all = own.is_empty();
        usual.0.retain(|(who, _), _| who != OWNER);
        if is_usual {
            self.0.retain(|(who, _), _| who != OWNER);
        } else if has_lost_all {
            self.0.insert((OWNER.to_owned(), String::new()), false);
        }
        (self != usual).then(|| self.to_fact())
    }
}

const WITH_GRANT_OPTION: &str = " WITH GRANT OPTION";

/// The pieces between the separators that are in no quotes.
fn outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((piece, after)) = split_outside_quotes(rest, separator) {
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn split_outside_quotes(text: &str, separator: char) -> Option<(&str, &str)> {
    let mut quoted = false;
    let mut found = text.char_indices().filter(|&(_, character)| {
        quoted ^= character == '"';
        !quoted && character == separator
    });
    let (at, _) = found.next()?;
    Some((&text[..at], &text[at + separator.len_utf8()..]))
}

/// Adds what is asked for to what was read, whose addresses are `known`.
pub(super) async fn add(
    catalog: &mut Catalog,
    known: &HashMap<(u32, u32), Key>,
    client: &Client,
    scope: &Scope,
) -> Result<(), tokio_postgres::Error> {
    let roles = (!scope.roles.is_empty()).then_some(&scope.roles);
    let rows = client.query(QUERY, &[&roles]).await?;
    let mut defaults: HashMap<(u32, u32), Key> = HashMap::new();
    let mut granted: HashMap<(u32, u32), Grants> = HashMap::new();
    let mut usual: HashMap<(u32, u32), Grants> = HashMap::new();
    let mut all: BTreeSet<(u32, u32)> = BTreeSet::new();
    for row in &rows {
        let address = (row.try_get(1)?, row.try_get(2)?);
        let who: String = row.try_get(3)?;
        let grants = match row.try_get(0)? {
            "owner" => {
                if let Some(facts) = known
                    .get(&address)
                    .and_then(|key| catalog.objects.get_mut(key))
                {
                    facts.insert("owner".to_owned(), who);
                }
                continue;
            }
            "default" => {
                let class = Class::DefaultPrivileges;
                defaults.insert(address, Key { class, name: who });
                continue;
            }
            "granted" => &mut granted,
            _ => &mut usual,
        };
        all.insert(address);
        let (what, grantable): (String, bool) = (row.try_get(4)?, row.try_get(5)?);
        let grants = grants.entry(address).or_default();
        for what in outside_quotes(&what, ',') {
            grants.0.insert((who.clone(), what.to_owned()), grantable);
        }
    }
    for address in all {
        let usual = usual.remove(&address).unwrap_or_default();
        let Some(fact) = granted.remove(&address).unwrap_or_default().fact(usual) else {
            continue;
        };
        let facts = Facts::from([("privileges".to_owned(), fact)]);
        if let Some(key) = defaults.get(&address) {
            catalog.objects.insert(key.clone(), facts);
        } else if let Some(known) = known
            .get(&address)
            .and_then(|key| catalog.objects.get_mut(key))
        {
            known.extend(facts);
        }
    }
    Ok(())
}
