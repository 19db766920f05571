//! What PostgreSQL's major versions write in different words, made alike.

use super::{Catalog, Class};
use crate::lexer::{Kind, Lexer};

impl Catalog {
    /// The same with the columns in the definitions of views and rules called without their tables: up to 15 PostgreSQL
    /// writes `select users.id from users`, from 16 on `select id from users`. Two that differ in that alone cannot be told
    /// apart then, so it is for schemas that were described by different versions only.
    #[must_use]
    pub fn without_qualifiers(mut self) -> Self {
        for (key, facts) in &mut self.objects {
            let is_query = matches!(
                key.class,
                Class::View | Class::MaterializedView | Class::Rule
            );
            if let Some(definition) = facts.get_mut("definition").filter(|_| is_query) {
                *definition = without_qualifiers(definition);
            }
        }
        self
    }
}

fn without_qualifiers(sql: &str) -> String {
    let tokens: Vec<_> = Lexer::new(sql, 0).collect();
    let is_name = |at: usize| {
        let kind = tokens.get(at).map(|token| token.kind);
        matches!(kind, Some(Kind::Word | Kind::QuotedName))
    };
    let is_point = |at: usize| tokens.get(at).is_some_and(|token| token.text(sql) == ".");
    let (mut words, mut at) = (Vec::new(), 0);
    while at < tokens.len() {
        match is_name(at) && is_point(at + 1) {
            true => at += 2,
            false => {
                words.push(tokens[at].text(sql));
                at += 1;
            }
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::without_qualifiers;

    #[test]
    fn the_words_of_15_and_those_of_17_are_alike() {
        let old =
            " SELECT users.id,\n    users.\"Name\"\n   FROM public.users\n  WHERE (users.n > 1.5);";
        let new = " SELECT id,\n    \"Name\"\n   FROM public.users\n  WHERE (n > 1.5);";
        assert_eq!(without_qualifiers(old), without_qualifiers(new));
        let other = new.replace("1.5", "2.5");
        assert_ne!(without_qualifiers(old), without_qualifiers(&other));
    }
}
