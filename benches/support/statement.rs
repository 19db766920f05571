//! One statement out of `queries/`, as the file has it, rewritten for those who number their parameters (PostgreSQL)
//! and those who name them (pgbench). No SQL text is here.

use std::collections::HashMap;

use anyhow::Context as _;

/// A statement with named parameters.
pub struct NamedStatement {
    /// Text and parameters in turn, beginning and ending with text.
    texts: Vec<String>,
    parameters: Vec<String>,
}

impl NamedStatement {
    /// The statement under `--! name` in the text of a query file.
    ///
    /// # Errors
    /// If there is none, or it has no end.
    pub fn find(file: &str, name: &str) -> anyhow::Result<Self> {
        let is_head = |line: &&str| {
            line.strip_prefix("--!")
                .and_then(|head| head.split([' ', '(', ':']).find(|word| !word.is_empty()))
                == Some(name)
        };
        let mut lines = file.lines().skip_while(|line| !is_head(line));
        lines
            .next()
            .with_context(|| format!("there is no query {name}"))?;
        let mut sql = String::new();
        for line in lines {
            match line.trim_end().strip_suffix(';') {
                Some(last) => {
                    sql.push_str(last);
                    return Ok(Self::parse(&sql));
                }
                None => {
                    sql.push_str(line);
                    sql.push('\n');
                }
            }
        }
        anyhow::bail!("the query {name} has no semicolon at the end of a line")
    }

    fn parse(sql: &str) -> Self {
        let (mut texts, mut parameters) = (vec![String::new()], Vec::new());
        let mut quoted = false;
        let mut rest = sql;
        while let Some(character) = rest.chars().next() {
            let length = match parameter_length(rest) {
                Some(length) if !quoted => {
                    parameters.push(rest[1..length].to_owned());
                    texts.push(String::new());
                    rest = &rest[length..];
                    continue;
                }
                // A cast: neither of its colons begins a parameter.
                _ if rest.starts_with("::") => 2,
                _ => character.len_utf8(),
            };
            quoted ^= character == '\'';
            if let Some(text) = texts.last_mut() {
                text.push_str(&rest[..length]);
            }
            rest = &rest[length..];
        }
        Self { texts, parameters }
    }

    /// Each parameter once, in the order in which they first appear.
    pub fn parameters(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for name in &self.parameters {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The text with each parameter replaced.
    pub fn with(&self, replacement: impl Fn(&str) -> String) -> String {
        let mut sql = self.texts[0].clone();
        for (name, text) in self.parameters.iter().zip(&self.texts[1..]) {
            sql.push_str(&replacement(name));
            sql.push_str(text);
        }
        sql
    }

    /// The text with `$1`, `$2`, … in the order of [`parameters`](Self::parameters).
    pub fn numbered(&self) -> String {
        let numbers: HashMap<&str, usize> = self.parameters().into_iter().zip(1..).collect();
        self.with(|name| format!("${}", numbers[name]))
    }
}

/// How long the parameter is that begins here, its colon included.
fn parameter_length(text: &str) -> Option<usize> {
    let name = text.strip_prefix(':')?;
    let length = name
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .unwrap_or(name.len());
    (length > 0 && !name.starts_with(|character: char| character.is_ascii_digit()))
        .then_some(length + 1)
}
