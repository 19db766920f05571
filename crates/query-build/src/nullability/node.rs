//! PostgreSQL's own parse trees (`pg_node_tree`), as text and taken apart.
//!
//! The format is that of `outfuncs.c`: `{NAME :field value :field value}`, lists in parentheses, `<>` for nothing. Fields
//! are found by their names, so that what a version adds does no harm.

/// A value in a tree.
#[derive(Debug, Clone)]
pub(crate) enum Value<'t> {
    Node(Node<'t>),
    List(Vec<Value<'t>>),
    Atom(&'t str),
    /// `<>`
    Nothing,
}

/// A node: its name, and its fields.
#[derive(Debug, Clone)]
pub(crate) struct Node<'t> {
    pub(crate) name: &'t str,
    fields: Vec<(&'t str, Value<'t>)>,
}

impl<'t> Node<'t> {
    fn field(&self, name: &str) -> Option<&Value<'t>> {
        let mut fields = self.fields.iter();
        fields.find(|field| field.0 == name).map(|field| &field.1)
    }

    pub(crate) fn atom(&self, name: &str) -> Option<&'t str> {
        match self.field(name)? {
            Value::Atom(atom) => Some(atom),
            _ => None,
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.atom(name)?.parse().ok()
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.atom(name) == Some("true")
    }

    pub(crate) fn node(&self, name: &str) -> Option<&Node<'t>> {
        self.field(name)?.as_node()
    }

    /// The values of a list; none where there is nothing.
    pub(crate) fn list(&self, name: &str) -> &[Value<'t>] {
        match self.field(name) {
            Some(Value::List(values)) => values,
            _ => &[],
        }
    }

    /// The nodes of a list.
    pub(crate) fn nodes<'a>(
        &'a self,
        name: &str,
    ) -> impl Iterator<Item = &'a Node<'t>> + use<'a, 't> {
        self.list(name).iter().filter_map(Value::as_node)
    }

    /// Whether this node, or one in it, is such a one.
    pub(crate) fn any(&self, is_it: &dyn Fn(&Self) -> bool) -> bool {
        is_it(self) || self.fields.iter().any(|(_, value)| value.any(is_it))
    }

    /// The bytes of a constant, without the length that PostgreSQL puts before a text.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let bytes = self.list(name).iter().filter_map(|value| match value {
            Value::Atom(atom) => atom.parse::<i16>().ok(),
            _ => None,
        });
        bytes.map(|byte| byte.to_le_bytes()[0]).collect()
    }
}

impl<'t> Value<'t> {
    fn any(&self, is_it: &dyn Fn(&Node<'t>) -> bool) -> bool {
        match self {
            Self::Node(node) => node.any(is_it),
            Self::List(values) => values.iter().any(|value| value.any(is_it)),
            Self::Atom(_) | Self::Nothing => false,
        }
    }

    pub(crate) fn as_node(&self) -> Option<&Node<'t>> {
        match self {
            Self::Node(node) => Some(node),
            _ => None,
        }
    }
}

/// Takes `text` apart; none if it is no tree.
pub(crate) fn parse(text: &str) -> Option<Value<'_>> {
    let mut reader = Reader { text, at: 0 };
    let token = reader.token()?;
    reader.value(token)
}

/// The words of `text`, without the fields that say where in the SQL something stands.
pub(crate) fn words(text: &str) -> Vec<&str> {
    let mut reader = Reader { text, at: 0 };
    let mut words = Vec::new();
    while let Some(word) = reader.token() {
        let is_place = word.starts_with(':')
            && (word.ends_with("location")
                || [":stmt_len", ":list_start", ":list_end"].contains(&word));
        if is_place {
            reader.token();
        } else {
            words.push(word);
        }
    }
    words
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    /// The next token: a bracket, a word, or a text in quotes.
    fn token(&mut self) -> Option<&'t str> {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let start = self.at;
        match bytes.get(start)? {
            b'(' | b')' | b'{' | b'}' | b'[' | b']' => self.at += 1,
            b'"' => {
                self.at += 1;
                self.skip_until(|byte| byte == b'"');
                self.at = (self.at + 1).min(bytes.len());
            }
            _ => self.skip_until(|byte| {
                byte.is_ascii_whitespace()
                    || matches!(byte, b'(' | b')' | b'{' | b'}' | b'[' | b']')
            }),
        }
        self.text.get(start..self.at)
    }

    /// Goes to the next byte that ends a token and has no backslash before it.
    fn skip_until(&mut self, ends: impl Fn(u8) -> bool) {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'\\' => self.at = (self.at + 2).min(bytes.len()),
                byte if ends(byte) => return,
                _ => self.at += 1,
            }
        }
    }

    fn value(&mut self, token: &'t str) -> Option<Value<'t>> {
        Some(match token {
            "<>" => Value::Nothing,
            "{" => Value::Node(self.node()?),
            "(" => Value::List(self.list(")")?),
            "[" => Value::List(self.list("]")?),
            atom => Value::Atom(atom),
        })
    }

    fn list(&mut self, end: &str) -> Option<Vec<Value<'t>>> {
        let mut values = Vec::new();
        loop {
            match self.token()? {
                token if token == end => return Some(values),
                token => values.push(self.value(token)?),
            }
        }
    }

    fn node(&mut self) -> Option<Node<'t>> {
        let name = self.token()?;
        let mut fields: Vec<(&str, Value)> = Vec::new();
        loop {
            match self.token()? {
                "}" => return Some(Node { name, fields }),
                token if token.starts_with(':') => fields.push((&token[1..], Value::Nothing)),
                token => {
                    let value = self.value(token)?;
                    // A constant has its length before its bytes: the last value counts.
                    fields.last_mut()?.1 = value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_tree_is_taken_apart() {
        let text = r#"({CONST :constisnull false :constvalue 8 [ 32 0 0 0 101 -61 ]} {VAR :varno 2 :name a\ b :nothing <> :names ("x \" y" "z") :set (b 1 2)})"#;
        let tree = parse(text).expect("a tree");
        let super::Value::List(nodes) = &tree else {
            panic!("no list");
        };
        let constant = nodes[0].as_node().expect("a node");
        assert_eq!(constant.bytes("constvalue"), [32, 0, 0, 0, 101, 0xc3]);
        assert!(!constant.is_true("constisnull"));
        let var = nodes[1].as_node().expect("a node");
        assert_eq!(
            (var.number("varno"), var.atom("name")),
            (Some(2), Some("a\\ b"))
        );
        assert_eq!(var.list("names").len(), 2);
        assert!(var.atom("nothing").is_none());
    }

    #[test]
    fn what_is_no_tree_is_none() {
        for text in ["", "{", "({VAR :varno 1)", "{VAR 1}", "(\\"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
