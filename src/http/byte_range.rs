//! Which bytes of a file a client asks for: `Range` of RFC 9110, section 14. One range is served; several, and what cannot be
//! read, are answered with all of it, as the RFC allows.

use std::ops::Range;

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Everything,
    /// Some bytes, the end not included; never none.
    Part(Range<u64>),
    /// The file has none of those that were asked for.
    Nothing,
}

impl Wanted {
    /// Reads the value of a `Range` for a file of a size.
    pub fn read(value: &str, size_bytes: u64) -> Self {
        match parse(value) {
            None => Self::Everything,
            Some((Some(first), _)) if first >= size_bytes => Self::Nothing,
            Some((Some(first), last)) => {
                let end = last.map_or(size_bytes, |last| last.saturating_add(1));
                Self::Part(first..end.min(size_bytes))
            }
            // The last so many.
            Some((None, Some(count))) if count > 0 && size_bytes > 0 => {
                Self::Part(size_bytes.saturating_sub(count)..size_bytes)
            }
            Some((None, _)) => Self::Nothing,
        }
    }
}

/// `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-COUNT`; `None` for anything else.
fn parse(value: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = value.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    let (first, last) = (number(first.trim())?, number(last.trim())?);
    let is_backward = first.zip(last).is_some_and(|(first, last)| first > last);
    let is_range = unit.trim().eq_ignore_ascii_case("bytes")
        && (first.is_some() || last.is_some())
        && !is_backward;
    is_range.then_some((first, last))
}

/// Digits only; one that is too large is as good as the largest. `None` if it is no number.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Some(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::Wanted::{self, Everything, Nothing, Part};

    #[test]
    fn the_table_of_ranges() {
        let huge = "99999999999999999999999";
        for (value, wanted) in [
            ("bytes=0-0", Part(0..1)),
            ("bytes=0-9", Part(0..10)),
            ("bytes=0-10", Part(0..10)),
            (&format!("bytes=2-{huge}"), Part(2..10)),
            ("bytes=9-", Part(9..10)),
            ("BYTES = 3-4", Part(3..5)),
            ("bytes=-1", Part(9..10)),
            ("bytes=-10", Part(0..10)),
            ("bytes=-11", Part(0..10)),
            (&format!("bytes=-{huge}"), Part(0..10)),
            ("bytes=10-", Nothing),
            ("bytes=10-20", Nothing),
            (&format!("bytes={huge}-"), Nothing),
            ("bytes=-0", Nothing),
            ("bytes=5-2", Everything),
            ("bytes=0-1,3-4", Everything),
            ("bytes=-", Everything),
            ("bytes=", Everything),
            ("bytes=a-b", Everything),
            ("bytes=+1-2", Everything),
            ("bytes=1-2-3", Everything),
            ("lines=0-1", Everything),
            ("0-1", Everything),
            ("", Everything),
        ] {
            assert_eq!(Wanted::read(value, 10), wanted, "{value}");
        }
        for (value, wanted) in [
            ("bytes=0-", Nothing),
            ("bytes=-1", Nothing),
            ("x", Everything),
        ] {
            assert_eq!(Wanted::read(value, 0), wanted, "{value} of an empty file");
        }
    }
}
