//! Text as a literal of SQL, in dollar quotes: whatever is in it, and whatever the settings of the session say.

/// `text` as a literal, whatever is in it, and whatever `standard_conforming_strings` says.
pub(crate) fn dollar_quoted(text: &str) -> String {
    // With the first `$` of the tag that follows, since the text may end like one.
    let tag = free_tag("text", &format!("{text}$"));
    format!("{tag}{text}{tag}")
}

/// `$name$`, or the first of `$name1$`, `$name2$` and so on, that is not in the text.
pub(crate) fn free_tag(name: &str, text: &str) -> String {
    let mut tag = format!("${name}$");
    let mut number = 0_u64;
    while text.contains(&tag) {
        number += 1;
        tag = format!("${name}{number}$");
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::dollar_quoted;

    #[test]
    fn a_text_is_quoted_whatever_is_in_it() {
        assert_eq!(dollar_quoted("a'b"), "$text$a'b$text$");
        assert_eq!(
            dollar_quoted("$text$ $text1$"),
            "$text2$$text$ $text1$$text2$"
        );
        assert_eq!(
            dollar_quoted("ends with $text"),
            "$text1$ends with $text$text1$"
        );
    }
}
