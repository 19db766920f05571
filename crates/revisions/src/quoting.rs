//! Dollar quotes around a text, whatever is in it.

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
    use super::free_tag;

    #[test]
    fn a_text_with_the_quotes_of_another_gets_its_own() {
        assert_eq!(free_tag("text", "a'b"), "$text$");
        assert_eq!(free_tag("text", "$text$ $text1$"), "$text2$");
    }
}
