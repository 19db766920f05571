//! From a message to the name of a file.

/// The longest slug of a message, in characters; Alembic's limit.
const LONGEST_SLUG: usize = 40;

/// The words of a message in small letters, joined by underscores; as many as fit, but at least one.
#[must_use]
pub fn slug(message: &str) -> String {
    // Accents that are characters of their own; small letters of capitals can have them too.
    let is_accent = |c: &char| matches!(c, '\u{300}'..='\u{36f}');
    let lower = message.to_lowercase();
    let lower: String = lower.chars().filter(|c| !is_accent(c)).collect();
    // refinery's names have letters and decimal digits; `²` is neither.
    let is_of_a_word = |c: char| c.is_alphabetic() || c.is_ascii_digit();
    let words = lower
        .split(|c: char| !is_of_a_word(c))
        .filter(|word| !word.is_empty());
    let mut slug = String::new();
    for word in words {
        let length = slug.chars().count() + usize::from(!slug.is_empty()) + word.chars().count();
        if !slug.is_empty() && length > LONGEST_SLUG {
            break;
        }
        if !slug.is_empty() {
            slug.push('_');
        }
        slug.extend(word.chars().take(LONGEST_SLUG));
    }
    if slug.is_empty() {
        "revision".to_owned()
    } else {
        slug
    }
}
