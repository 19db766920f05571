//! The annotation lines of a query file: `--! name Params(a?) : Row(b?)` and `--: Row(b?) : Trait`.
//!
//! The grammar is cornucopia's (its `parser.rs`). What the names mean is checked elsewhere.

use std::ops::Range;

/// A word of an annotation, and where it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) range: Range<usize>,
}

/// The parameters or the row of a query: a name, the nullable fields, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The name of the struct, where one is given.
    pub(crate) name: Option<Name>,
    /// The fields that the annotation mentions.
    pub(crate) fields: Option<Vec<Name>>,
}

/// What a `--!` line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueryLine {
    pub(crate) name: Name,
    pub(crate) params: Shape,
    pub(crate) row: Shape,
}

/// What a `--:` line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeLine {
    pub(crate) name: Name,
    pub(crate) fields: Vec<Name>,
}

/// What was expected, and where something else stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unexpected {
    pub(crate) expected: &'static str,
    pub(crate) range: Range<usize>,
}

/// Reads the `--!` line that lies at `line` in `text`.
pub(crate) fn query_line(text: &str, line: Range<usize>) -> Result<QueryLine, Unexpected> {
    let mut cursor = Cursor::after_marker(text, line);
    let name = cursor.name("the name of the query")?;
    let params = cursor.shape()?;
    let mut row = Shape::default();
    if cursor.eat(b':') {
        row = cursor.shape()?;
        if row == Shape::default() {
            return Err(cursor.unexpected("the row: `Name`, `Name(column?)` or `(column?)`"));
        }
    }
    cursor.end("`(parameter?)`, `: Row(column?)` or the end of the line")?;
    Ok(QueryLine { name, params, row })
}

/// Reads the `--:` line that lies at `line` in `text`.
pub(crate) fn type_line(text: &str, line: Range<usize>) -> Result<TypeLine, Unexpected> {
    let mut cursor = Cursor::after_marker(text, line);
    let name = cursor.name("the name of the type")?;
    let fields = match cursor.fields()? {
        Some(fields) => fields,
        None => return Err(cursor.unexpected("`(`, the nullable fields, and `)`")),
    };
    if cursor.eat(b':') {
        cursor.paths()?;
    }
    cursor.end("`: Trait, Trait` or the end of the line")?;
    Ok(TypeLine { name, fields })
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// A cursor behind the three characters that mark an annotation.
    fn after_marker(text: &'a str, line: Range<usize>) -> Self {
        Self {
            text,
            at: line.start + 3,
            end: line.end,
        }
    }

    fn peek(&self) -> Option<u8> {
        (self.at < self.end).then(|| self.text.as_bytes()[self.at])
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Takes `mark` if it stands exactly here, without space before it.
    fn eat_here(&mut self, mark: &str) -> bool {
        let found = self.text[self.at..self.end].starts_with(mark);
        self.at += if found { mark.len() } else { 0 };
        found
    }

    fn unexpected(&mut self, expected: &'static str) -> Unexpected {
        self.skip_space();
        let word = self.text[self.at..self.end]
            .find(|c: char| c.is_whitespace() || "(),:".contains(c))
            .unwrap_or(self.end - self.at);
        let next = self.text[self.at..self.end].chars().next();
        let width = word.max(next.map_or(0, char::len_utf8));
        Unexpected {
            expected,
            range: self.at..self.at + width,
        }
    }

    fn word(&mut self) -> Option<Name> {
        self.skip_space();
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            self.at += 1;
        }
        (self.at > start).then(|| Name {
            text: self.text[start..self.at].to_owned(),
            range: start..self.at,
        })
    }

    fn name(&mut self, expected: &'static str) -> Result<Name, Unexpected> {
        match self.word() {
            Some(name) => Ok(name),
            None => Err(self.unexpected(expected)),
        }
    }

    fn shape(&mut self) -> Result<Shape, Unexpected> {
        Ok(Shape {
            name: self.word(),
            fields: self.fields()?,
        })
    }

    fn fields(&mut self) -> Result<Option<Vec<Name>>, Unexpected> {
        if !self.eat(b'(') {
            return Ok(None);
        }
        let mut fields = Vec::new();
        while !self.eat(b')') {
            fields.push(self.field()?);
            if !self.eat(b',') && self.peek() != Some(b')') {
                return Err(self.unexpected("`?`, `,` or `)`"));
            }
        }
        Ok(Some(fields))
    }

    /// `column`, `column?`, `column?[?]`, `column.field?`, `column[].field?`.
    fn field(&mut self) -> Result<Name, Unexpected> {
        let field = self.field_name()?;
        self.eat_here("?");
        self.eat_here("[?]");
        while self.eat_here("[].") || self.eat_here(".") {
            self.field_name()?;
            self.eat_here("?");
        }
        Ok(field)
    }

    fn field_name(&mut self) -> Result<Name, Unexpected> {
        let expected = "the name of a field";
        self.skip_space();
        if self.peek() != Some(b'"') {
            return self.name(expected);
        }
        let start = self.at + 1;
        let Some(length) = self.text[start..self.end].find('"') else {
            return Err(self.unexpected("a closing quote"));
        };
        self.at = start + length + 1;
        Ok(Name {
            text: self.text[start..start + length].to_owned(),
            range: start..start + length,
        })
    }

    fn paths(&mut self) -> Result<(), Unexpected> {
        loop {
            self.name("the path of a trait")?;
            while self.eat_here("::") {
                self.name("the path of a trait")?;
            }
            if !self.eat(b',') {
                return Ok(());
            }
        }
    }

    fn end(&mut self, expected: &'static str) -> Result<(), Unexpected> {
        self.skip_space();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.unexpected(expected)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{query_line, type_line};

    fn names(names: &[super::Name]) -> Vec<&str> {
        names.iter().map(|name| name.text.as_str()).collect()
    }

    #[test]
    fn a_query_line_has_a_name_params_and_a_row() {
        let text =
            "--! find Search(name?, tags?[?]) : User(\"full name\"?, home.street?, pets[].age?,)";
        let line = query_line(text, 0..text.len()).expect("a good line");
        assert_eq!(line.name.text, "find");
        assert_eq!(line.params.name.expect("named").text, "Search");
        assert_eq!(
            names(&line.params.fields.expect("fields")),
            ["name", "tags"]
        );
        assert_eq!(
            names(&line.row.fields.expect("fields")),
            ["full name", "home", "pets"]
        );
    }

    #[test]
    fn what_does_not_belong_is_pointed_at() {
        for (text, word) in [
            ("--! ", ""),
            ("--! find-user", "-user"),
            ("--! find (a b)", "b"),
            ("--! find : ", ""),
            ("--! find (a?) Row", "Row"),
        ] {
            let error = query_line(text, 0..text.len()).expect_err(text);
            assert_eq!(&text[error.range], word, "{text}");
        }
    }

    #[test]
    fn a_type_line_has_fields_and_traits() {
        let text = "--: User(name?) : serde::Serialize, Eq";
        let line = type_line(text, 0..text.len()).expect("a good line");
        assert_eq!(names(&line.fields), ["name"]);
        assert!(type_line("--: User", 0..8).is_err());
    }
}
