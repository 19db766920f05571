//! A line of a comment block that opens a script: whether it is `key: value`, or prose. Which keys there are is not known
//! here.

pub(crate) enum KeyLine<'a, K> {
    Key(K, &'a str),
    Misspelt {
        written: &'a str,
        meant: &'static str,
    },
    Prose,
}

/// Whether a comment line is `key: value`. Only known keys count, so that prose such as `note: …` stays prose;
/// one that is nearly a known key is held to be a slip, since ignoring it would be worse than asking.
pub(crate) fn key_of<'a, K: Copy>(comment: &'a str, keys: &[(K, &'static str)]) -> KeyLine<'a, K> {
    let Some((written, value)) = comment.split_once(':') else {
        return KeyLine::Prose;
    };
    let written = written.trim_end();
    let is_word = |c: char| c.is_ascii_alphabetic() || c == '-' || c == '_';
    if written.is_empty() || !written.chars().all(is_word) {
        return KeyLine::Prose;
    }
    if let Some((key, _)) = keys.iter().find(|(_, name)| *name == written) {
        return KeyLine::Key(*key, value.trim());
    }
    let plain = written.to_ascii_lowercase().replace('_', "-");
    let mut near = keys.iter().filter(|(_, name)| {
        let slips = if name.len() > 5 { 2 } else { 1 };
        distance(&plain, name) <= slips
    });
    match (near.next(), near.next()) {
        (Some((_, meant)), None) => KeyLine::Misspelt { written, meant },
        _ => KeyLine::Prose,
    }
}

/// How many letters have to be put in, left out, changed or swapped with their neighbour to come from `a` to `b`
/// (optimal string alignment distance).
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swap = if swapped {
                    rows[i - 2][j - 2] + 1
                } else {
                    usize::MAX
                };
                swap.min(rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1)
                    .min(rows[i - 1][j - 1] + change)
            };
        }
    }
    rows[a.len()][b.len()]
}
