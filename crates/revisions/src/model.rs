//! The text of a model, `schema.sql`: what it may not be, before it is loaded into a transaction that is rolled back.

use crate::lexer::Lexer;
use crate::source_error::{Location, SourceError};
use crate::statements;

/// The text as it is loaded: with LF line ends and without a byte order mark, as migrations are read, so that the body of a
/// function does not depend on the editor.
///
/// # Errors
///
/// For a statement that ends the transaction in which the model is loaded, or that wants data from its client: the model
/// would stay, or what stands after it would be something else. `file` is how messages call it.
pub fn model_text(file: &str, text: &str) -> Result<String, Box<SourceError>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n");
    for statement in statements::split(&text) {
        let help = if statement.controls_the_transaction() {
            "leave it out: the model is loaded in one transaction, and rolled back"
        } else if statement.reads_from_the_client(&text) {
            "leave it out: the model is the schema, without rows"
        } else {
            continue;
        };
        let start = statement.range.start;
        let word = Lexer::new(&text, start).next();
        let range = word.map_or(start..start, |token| token.range);
        let word = text[range.clone()].to_lowercase();
        let message = format!("`{word}` cannot stand in the model");
        let error = SourceError::at(file, Location::of_range(&text, range), message);
        return Err(Box::new(error.remedy(help)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::model_text;

    #[test]
    fn what_ends_the_transaction_is_refused_where_it_stands() {
        let refused = |text: &str| model_text("sql/schema.sql", text).unwrap_err().to_string();
        for (text, word, place) in [
            ("create table a (id int);\ncommit;", "commit", ":2:1"),
            ("begin;\ncreate table a (id int);", "begin", ":1:1"),
            ("select 1;  ROLLBACK", "rollback", ":1:12"),
            ("start transaction", "start", ":1:1"),
            ("copy a from stdin;", "copy", ":1:1"),
        ] {
            let told = refused(text);
            assert!(
                told.contains(&format!("`{word}` cannot stand in the model")),
                "{told}"
            );
            assert!(told.contains(&format!("sql/schema.sql{place}")), "{told}");
        }
        let body = "create function f() returns int begin atomic select 1; end; create procedure p() language plpgsql as 'begin commit; end';";
        assert_eq!(model_text("m", body).unwrap(), body);
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_do_not_count() {
        assert_eq!(
            model_text("m", "\u{feff}select 1;\r\n").unwrap(),
            "select 1;\n"
        );
    }
}
